/**
 * One call over the engine's socket: path and query in, parsed JSON out, within a deadline, with every failure
 * turned into one of our errors. Knows nothing of containers and images.
 */
import { addAbortSignal, type Duplex, type Readable } from "node:stream";
import { IncomingMessage } from "node:http";
import { DeadlinePassed } from "@shipkeeper/kit";
import Docker from "dockerode";
import { type EngineAddress, formatEngineAddress } from "./engine-address.ts";
import { DockerUnavailable, EngineAnswerInvalid, EngineRefused } from "./engine-errors.ts";

export interface EngineCall {
  /** What is tried, after "the engine refused to": `list containers`. */
  readonly attempt: string;
  readonly method?: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[]>>;
  readonly body?: Readonly<Record<string, unknown>>;
  /** Sent in place of a body, as it comes: an archive. Only where the answer is a stream, too. */
  readonly upload?: Readable;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface EngineAnswer {
  readonly status: number;
  /** The parsed body; undefined where it was empty. */
  readonly body: unknown;
}

export interface EngineWire {
  /**
   * Answers for every status below 400, and for 404 and 409, which mean something to most calls.
   * Throws `EngineRefused` for the others, `DockerUnavailable`, `DeadlinePassed`, `EngineAnswerInvalid`.
   * A call that changes something and fails by deadline or connection may still have happened.
   */
  call(call: EngineCall): Promise<EngineAnswer>;
  /** Opens an answer that never ends by itself. Throws as `call` does, for every status but 2xx. */
  stream(call: StreamCall): Promise<IncomingMessage>;
  /** As `stream`, but both sides write: the end of ours is told to the other side, which may write on. */
  duplex(call: StreamCall): Promise<Duplex>;
}

export type StreamCall = Omit<EngineCall, "deadlineMs"> & { readonly signal: AbortSignal };

/** 10,000 containers with long labels list in 40 MB; an answer above this is no answer. */
const MOST_ANSWER_BYTES = 256 * 1024 * 1024;

/** docker-modem, dockerode's own transport. */
type Modem = Docker["modem"];

/** `apiVersion` undefined asks by unversioned paths, which only negotiation does. */
export function openWire(address: EngineAddress, apiVersion: string | undefined): EngineWire {
  const name = formatEngineAddress(address);
  const modem = new Docker(clientOptions(address, apiVersion)).modem;

  async function call(call: EngineCall): Promise<EngineAnswer> {
    const deadline = AbortSignal.timeout(call.deadlineMs);
    const signal = call.signal === undefined ? deadline : AbortSignal.any([call.signal, deadline]);
    try {
      const response = await dial(modem, { ...call, signal });
      const text = await readText(response, call.attempt, signal);
      return judgeStatus(call.attempt, response.statusCode ?? 0, text);
    } catch (error) {
      call.signal?.throwIfAborted();
      if (deadline.aborted) {
        throw new DeadlinePassed(`to ${call.attempt} at ${name}`, call.deadlineMs, { cause: error });
      }
      throw asEngineError(error, name);
    }
  }

  async function stream(call: StreamCall) {
    try {
      const response = await dial(modem, call);
      addAbortSignal(call.signal, response);
      const status = response.statusCode ?? 0;
      if (status >= 200 && status < 300) return response;
      throw await refusal(response, call);
    } catch (error) {
      call.signal.throwIfAborted();
      throw asEngineError(error, name);
    }
  }

  async function duplex(call: StreamCall) {
    try {
      const answer: IncomingMessage | Duplex = await dial(modem, call, { hijack: true });
      // An engine that agrees leaves HTTP behind; whatever is still an answer is a refusal.
      if (answer instanceof IncomingMessage) throw await refusal(answer, call);
      return addAbortSignal(call.signal, answer);
    } catch (error) {
      call.signal.throwIfAborted();
      throw asEngineError(error, name);
    }
  }

  return { call, stream, duplex };
}

/**
 * Every option is spelled out because docker-modem fills what is missing from `DOCKER_HOST`, and a host from there
 * would win over our socket. There is no `agent`: docker-modem prints its options for a debug line on every request,
 * and walking an agent's sockets costs 20 to 60 times the call. There is no `timeout`: it ends idle event streams.
 */
function clientOptions(address: EngineAddress, apiVersion: string | undefined): Docker.DockerOptions {
  const target =
    "socketPath" in address
      ? { socketPath: address.socketPath, host: undefined, port: undefined }
      : { socketPath: undefined, host: address.host, port: address.port };
  const version = apiVersion === undefined ? undefined : `v${apiVersion}`;
  const options = { ...target, protocol: "http", pathPrefix: "/", version };
  return options as Docker.DockerOptions;
}

/**
 * Below dockerode's own methods, because those wait for ever where the connection breaks inside an answer,
 * and hand on a body that is no JSON as if it were one.
 */
function dial(modem: Modem, call: Omit<EngineCall, "deadlineMs">): Promise<IncomingMessage>;
function dial(modem: Modem, call: StreamCall, how: { hijack: true }): Promise<IncomingMessage | Duplex>;
function dial(
  modem: Modem,
  call: Omit<EngineCall, "deadlineMs">,
  { hijack = false } = {},
): Promise<IncomingMessage | Duplex> {
  return new Promise((resolve, reject) => {
    modem.dial(
      {
        method: call.method ?? "GET",
        path: `${call.path}?`,
        options: { _query: call.query ?? {}, _body: call.body ?? {} },
        isStream: true,
        hijack,
        statusCodes: EVERY_STATUS,
        ...(call.upload !== undefined && { file: call.upload }),
        ...(call.signal !== undefined && { abortSignal: call.signal }),
      },
      (error, response) => (error === null ? resolve(response as IncomingMessage | Duplex) : reject(error)),
    );
  });
}

/** docker-modem reads an answer away where its status is not listed. */
const EVERY_STATUS = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [100 + index, true]));

async function readText(response: IncomingMessage, attempt: string, signal: AbortSignal): Promise<string> {
  addAbortSignal(signal, response);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES) {
      throw new EngineAnswerInvalid(attempt, `it is longer than ${MOST_ANSWER_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, bytes).toString("utf8");
}

/** Why a stream was not opened. Throws where the answer explains it already. */
async function refusal(response: IncomingMessage, call: StreamCall): Promise<EngineRefused> {
  const { attempt, signal } = call;
  const status = response.statusCode ?? 0;
  const { body } = judgeStatus(attempt, status, await readText(response, attempt, signal));
  return new EngineRefused(attempt, { status, reason: reasonIn(body) });
}

function judgeStatus(attempt: string, status: number, text: string): EngineAnswer {
  const passes = status < 400 || status === 404 || status === 409;
  try {
    const body: unknown = text.trim() === "" ? undefined : JSON.parse(text);
    if (passes) return { status, body };
    throw new EngineRefused(attempt, { status, reason: reasonIn(body) });
  } catch (error) {
    if (error instanceof EngineRefused) throw error;
    // Proxies and old engines explain a refusal in plain text.
    if (status >= 400) throw new EngineRefused(attempt, { status, reason: text.trim().slice(0, 500) });
    throw new EngineAnswerInvalid(attempt, "it is no JSON", { cause: error });
  }
}

/** The engine's explanation of a refusal: `{"message": …}`. */
export function reasonIn(body: unknown): string {
  const message = (body as { message?: unknown } | undefined)?.message;
  return typeof message === "string" ? message.trim().slice(0, 2_000) : "no reason given";
}

function asEngineError(error: unknown, address: string): unknown {
  if (error instanceof EngineRefused || error instanceof EngineAnswerInvalid) return error;
  return new DockerUnavailable(address, { cause: error });
}
