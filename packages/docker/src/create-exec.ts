import * as z from "zod";
import { number } from "./answers/answer-schemas.ts";
import { decodeAnswer } from "./answers/decode-answer.ts";
import type { Connection } from "./connection.ts";
import type { EngineCall } from "./engine-wire.ts";

const createAnswer = z.object({ Id: z.string().regex(/^[0-9a-f]{64}$/) });
const execAnswer = z.object({ Running: z.boolean(), ExitCode: number });

/** How far a call may go in what it stands for as a whole. */
export type Within = Pick<EngineCall, "attempt" | "deadlineMs" | "signal">;

/** Has a program ready to be started inside a container; undefined where that is not there, does not run, or is paused. */
export async function createExec(
  connection: Connection,
  container: string,
  program: { readonly argv: readonly string[]; readonly user: string | undefined; readonly reads: boolean },
  within: Within,
): Promise<string | undefined> {
  const { argv, user, reads } = program;
  const created = await connection.call({
    ...within,
    method: "POST",
    path: `/containers/${container}/exec`,
    body: {
      Cmd: argv,
      AttachStdin: reads,
      AttachStdout: true,
      AttachStderr: true,
      ...(user !== undefined && { User: user }),
    },
  });
  if (created.status === 404 || created.status === 409) return undefined;
  return decodeAnswer(within.attempt, createAnswer, created).Id;
}

/** The call that starts it: its output is the answer. */
export function execStart(exec: string) {
  return { method: "POST", path: `/exec/${exec}/start`, body: { Detach: false, Tty: false } } as const;
}

/** The exit code; undefined while it runs. */
export async function exitCodeOf(
  connection: Connection,
  exec: string,
  within: Within,
): Promise<number | undefined> {
  const answer = await connection.call({ ...within, path: `/exec/${exec}/json` });
  const { Running, ExitCode } = decodeAnswer(within.attempt, execAnswer, answer);
  return Running ? undefined : ExitCode;
}
