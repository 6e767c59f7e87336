import { OperationalError } from "@shipkeeper/kit";

/** The engine does not answer: not running, not allowed to us, or its connection broke in the middle. */
export class DockerUnavailable extends OperationalError {
  override readonly name = "DockerUnavailable";
  readonly code = "docker_unavailable";
  readonly retryable = true;
  readonly address: string;

  constructor(address: string, options: { cause: unknown }) {
    super(`cannot reach the Docker engine at ${address}`, options);
    this.address = address;
  }
}

/** The engine answered something that is not its own API: nothing of such an answer is used. */
export class EngineAnswerInvalid extends OperationalError {
  override readonly name = "EngineAnswerInvalid";
  readonly code = "engine_answer_invalid";
  readonly retryable = false;

  constructor(attempt: string, problem: string, options?: { cause?: unknown }) {
    super(`the engine's answer to ${attempt} is not usable: ${problem}`, options);
  }
}

/** The engine understood and said no. */
export class EngineRefused extends OperationalError {
  override readonly name = "EngineRefused";
  readonly code = "engine_refused";
  readonly retryable: boolean;
  /** The HTTP status of the answer. */
  readonly status: number;

  constructor(attempt: string, { status, reason }: { status: number; reason: string }) {
    super(`the engine refused to ${attempt} (HTTP ${status}): ${reason}`);
    this.status = status;
    this.retryable = status >= 500 || status === 429;
  }
}

/** The engine speaks no API version that we speak. */
export class EngineUnsupported extends OperationalError {
  override readonly name = "EngineUnsupported";
  readonly code = "engine_unsupported";
  readonly retryable = false;

  constructor(address: string, problem: string) {
    super(`the Docker engine at ${address} is not supported: ${problem}`);
  }
}
