import type { Clock } from "@shipkeeper/kit";
import type { HttpAnswer, HttpRequest } from "@shipkeeper/runtime";

export interface Output {
  write(text: string): void;
  /** False for a pipe or a file: then output is for programs. */
  readonly isTerminal: boolean;
  readonly columns: number;
}

/** All of the outside world that a command may use, handed in so that tests run whole commands without a network. */
export interface Surroundings {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly homeFolder: string;
  readonly now: Clock;
  readonly http: (request: HttpRequest) => Promise<HttpAnswer>;
  readonly out: Output;
  readonly err: Output;
}
