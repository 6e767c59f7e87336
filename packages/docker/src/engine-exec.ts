/** The third of the engine port that runs programs inside containers. */
import { DeadlinePassed } from "@shipkeeper/kit";
import { readFrames } from "./answers/read-frames.ts";
import type { Connection } from "./connection.ts";
import { createExec, execStart, exitCodeOf } from "./create-exec.ts";
import type { EngineExec } from "./engine.ts";
import { execStream } from "./exec-stream.ts";
import { readStream } from "./read-stream.ts";

export function engineExec(connection: Connection): EngineExec {
  return {
    ...execStream(connection),

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
        const exec = await createExec(connection, id, { argv, user, reads: false }, within());
        if (exec === undefined) return "not-running";
        await readStream(connection, { ...within(), ...execStart(exec) }, async (chunks) => {
          // Read to its end whatever it prints: a program whose output nobody takes would stand still.
          for await (const { bytes } of readFrames(chunks)) {
            if (left > 0) output.push(Buffer.from(bytes.subarray(0, left)));
            left -= bytes.length;
          }
        });
        const exitCode = await exitCodeOf(connection, exec, within());
        return exitCode === undefined ? said() : { ...said(), exitCode };
      } catch (error) {
        if (error instanceof DeadlinePassed) return said();
        throw error;
      }
    },
  };
}
