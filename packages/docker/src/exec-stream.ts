/** Programs inside containers whose output, or input, is handed on while they run. */
import { once } from "node:events";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { readFrames } from "./answers/read-frames.ts";
import type { Connection } from "./connection.ts";
import { createExec, execStart, exitCodeOf } from "./create-exec.ts";
import type { EngineExec, ProgramEnd } from "./engine.ts";
import { boundsOf } from "./read-stream.ts";

const MOST_STDERR_BYTES = 16 * 1024;
/** A program may close its output a moment before it ends. */
const LOOK_EVERY_MS = 100;

export function execStream(connection: Connection): Pick<EngineExec, "stream"> {
  return {
    async stream(id, { argv, user, timeoutMs, input }, { signal } = {}) {
      const attempt = `run a program in container ${id}`;
      const about = { attempt, address: connection.address };
      const bounds = boundsOf({ deadlineMs: timeoutMs, signal });
      // The bounds of all calls together; each call's own deadline only has to be no shorter.
      const within = { attempt, deadlineMs: timeoutMs, signal: bounds.signal };
      const bounded = <T>(doing: Promise<T>): Promise<T> =>
        doing.catch((error: unknown) => {
          throw bounds.explain(error, about);
        });

      const exec = await bounded(
        createExec(connection, id, { argv, user, reads: input !== undefined }, within),
      );
      if (exec === undefined) return "not-running";
      const call = { ...execStart(exec), attempt, signal: bounds.signal };
      const socket = input === undefined ? undefined : await bounded(connection.duplex(call));
      const fed = input === undefined || socket === undefined ? undefined : feed(input, socket);
      const chunks = socket ?? (await bounded(connection.stream(call)));
      // Whoever reads gets it; where it breaks before anybody does, it must not end the agent.
      chunks.on("error", () => undefined);
      let stderr: Buffer = Buffer.alloc(0);

      async function* output(): AsyncGenerator<Uint8Array> {
        try {
          for await (const { stream, bytes } of readFrames(chunks as AsyncIterable<Buffer>)) {
            if (stream === "stdout") yield bytes;
            else stderr = Buffer.concat([stderr, bytes]).subarray(-MOST_STDERR_BYTES);
          }
        } catch (error) {
          if (fed?.problem !== undefined) throw fed.problem;
          // It ended before it had read everything: what is left of the connection tells nothing, its exit code does.
          if (fed?.isRefused === true && !bounds.signal.aborted) return;
          throw bounds.explain(error, about);
        }
        if (fed?.problem !== undefined) throw fed.problem;
      }

      async function end(): Promise<ProgramEnd> {
        for (;;) {
          const exitCode = await exitCodeOf(connection, exec as string, within);
          if (exitCode !== undefined) return { exitCode, stderr: stderr.toString("utf8") };
          await sleep(LOOK_EVERY_MS, undefined, { signal: bounds.signal });
        }
      }

      return { output: output(), end: () => bounded(end()) };
    },
  };
}

interface Feed {
  /** Why the input broke, where it did. */
  problem?: unknown;
  /** Whether the program, or the engine, went before it had read all of it. */
  isRefused: boolean;
}

/** Hands on the input as fast as it is taken, and its end. A program need not read all of it: its exit code tells. */
function feed(input: AsyncIterable<Uint8Array>, socket: Duplex): Feed {
  const state: Feed = { isRefused: false };
  const closed = new AbortController();
  socket.once("close", () => closed.abort());

  async function run(): Promise<void> {
    for await (const piece of input) {
      if (closed.signal.aborted) break;
      if (!socket.write(piece)) await once(socket, "drain", { signal: closed.signal });
    }
    state.isRefused = closed.signal.aborted;
    socket.end();
  }

  run().catch((error: unknown) => {
    state.isRefused = closed.signal.aborted;
    if (state.isRefused) return;
    state.problem = error;
    socket.destroy();
  });
  return state;
}
