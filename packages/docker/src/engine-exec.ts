/** The third of the engine port that runs programs inside containers. */
import { DeadlinePassed } from "@shipkeeper/kit";
import * as z from "zod";
import { number } from "./answers/answer-schemas.ts";
import { decodeAnswer } from "./answers/decode-answer.ts";
import { readFrames } from "./answers/read-frames.ts";
import type { Connection } from "./connection.ts";
import type { EngineExec } from "./engine.ts";
import { readStream } from "./read-stream.ts";

const createAnswer = z.object({ Id: z.string().regex(/^[0-9a-f]{64}$/) });
const execAnswer = z.object({ Running: z.boolean(), ExitCode: number });

export function engineExec(connection: Connection): EngineExec {
  return {
    async exec(id, { argv, user, timeoutMs, mostBytes }, { signal } = {}) {
      const attempt = `run a program in container ${id}`;
      const endsAt = performance.now() + timeoutMs;
      /** Each call has what is left of the time. */
      const within = () => ({
        attempt,
        deadlineMs: Math.max(1, Math.ceil(endsAt - performance.now())),
        signal,
      });
      const output: Buffer[] = [];
      const said = () => ({ output: Buffer.concat(output).toString("utf8") });
      let left = mostBytes;
      try {
        const created = await connection.call({
          ...within(),
          method: "POST",
          path: `/containers/${id}/exec`,
          body: {
            Cmd: argv,
            AttachStdout: true,
            AttachStderr: true,
            ...(user !== undefined && { User: user }),
          },
        });
        // The second also where it is paused.
        if (created.status === 404 || created.status === 409) return "not-running";
        const { Id } = decodeAnswer(attempt, createAnswer, created);
        const start = {
          method: "POST",
          path: `/exec/${Id}/start`,
          body: { Detach: false, Tty: false },
        } as const;
        await readStream(connection, { ...within(), ...start }, async (chunks) => {
          // Read to its end whatever it prints: a program whose output nobody takes would stand still.
          for await (const { bytes } of readFrames(chunks)) {
            if (left > 0) output.push(Buffer.from(bytes.subarray(0, left)));
            left -= bytes.length;
          }
        });
        const answer = await connection.call({ ...within(), path: `/exec/${Id}/json` });
        const { Running, ExitCode } = decodeAnswer(attempt, execAnswer, answer);
        return Running ? said() : { ...said(), exitCode: ExitCode };
      } catch (error) {
        if (error instanceof DeadlinePassed) return said();
        throw error;
      }
    },
  };
}
