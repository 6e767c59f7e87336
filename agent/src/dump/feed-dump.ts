/**
 * A dump goes back into its database: the hook's program reads it inside of the container. The whole of it lies on this host
 * before the first byte is fed, because a program cannot tell a dump that breaks off from one that ends.
 */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { SECOND_MS, type Clock } from "@shipkeeper/kit";
import type { Engine } from "@shipkeeper/docker";
import type { ContainerId } from "@shipkeeper/model";
import type { TakeBack } from "@shipkeeper/policy";
import { DumpFailed, saidBy } from "./hook-problem.ts";

export interface DumpFeed {
  readonly container: ContainerId;
  /** Its name, for messages. */
  readonly hook: string;
  readonly program: TakeBack;
  /** Holds the whole dump. */
  readonly file: string;
  /** A database that has only just begun refuses at first, or begins once more: so long it is tried again, in milliseconds. */
  readonly withinMs: number;
}

export interface FeedContext {
  readonly engine: Pick<Engine, "stream" | "environmentValues">;
  readonly clock: Clock;
  readonly pause: (ms: number, options: { signal: AbortSignal }) => Promise<void>;
  readonly signal: AbortSignal;
}

const AGAIN_AFTER_MS = 2 * SECOND_MS;

/** The bytes that were taken back. Throws `DumpFailed` where the last try failed, and what the engine throws. */
export async function feedDump(feed: DumpFeed, context: FeedContext): Promise<number> {
  const { clock, pause, signal } = context;
  const startedAt = clock();
  for (;;) {
    try {
      return await feedOnce(feed, context);
    } catch (error) {
      signal.throwIfAborted();
      const isOver = clock() + AGAIN_AFTER_MS - startedAt > feed.withinMs;
      if (!(error instanceof DumpFailed) || isOver) throw error;
      await pause(AGAIN_AFTER_MS, { signal });
    }
  }
}

async function feedOnce(
  { container, hook, program, file }: DumpFeed,
  { engine, signal }: FeedContext,
): Promise<number> {
  const { size } = await stat(file);
  const { argv, timeoutMs, user } = program;
  let taken = 0;
  async function* input() {
    for await (const piece of createReadStream(file, { signal })) {
      taken += (piece as Buffer).length;
      yield piece as Buffer;
    }
  }

  const failed = (how: string) => new DumpFailed(`hook ${hook} did not take the dump back: ${how}`);
  const request = { argv, timeoutMs, input: input(), ...(user !== undefined && { user }) };
  const running = await engine.stream(container, request, { signal });
  if (running === "not-running") throw failed("its container does not run");
  for await (const _ of running.output); // what it says beside errors is of no use
  const { exitCode, stderr } = await running.end();
  if (exitCode !== 0) throw failed(`exit code ${exitCode}: ${await saidBy(container, stderr, engine)}`);
  if (taken < size) throw failed(`it ended well after ${taken} of ${size} bytes`);
  return size;
}
