/** Looks once when a container last wrote to its log. */
import { formatDuration, type Clock, type Instant } from "@shipkeeper/kit";
import type { EngineReader } from "@shipkeeper/docker";
import type { Container, ContainerId } from "@shipkeeper/model";
import type { Asked } from "./ask.ts";

export type LastLogAt = (id: ContainerId) => Instant | undefined;

/** Room for the longest of lines, because one that does not fit is left out. */
const MOST_BYTES = 32 * 1_024;

/** Rejects where the engine could not be asked. */
export async function askLog(
  silentForMs: number,
  {
    engine,
    container,
    clock,
    signal,
    lastLogAt,
  }: {
    readonly engine: Pick<EngineReader, "logs">;
    readonly container: Container;
    readonly clock: Clock;
    readonly signal: AbortSignal;
    /** When it wrote last, as far as its log's files were looked at already. */
    readonly lastLogAt?: LastLogAt | undefined;
  },
): Promise<Asked> {
  // The engine reads a log from its disk each time: it is asked only where nothing younger is known.
  const knownSilentMs = clock() - (lastLogAt?.(container.id) ?? -Infinity);
  if (knownSilentMs < silentForMs) return answer(knownSilentMs, silentForMs);

  const log = await engine.logs(container.id, { tail: 1, mostBytes: MOST_BYTES }, { signal });
  if (log === undefined) return { ok: "not-asked", said: "the container is gone" };
  if (!log.readable) return { ok: "not-asked", said: `its log cannot be read: ${log.why}` };
  // What it wrote before it was started is no sign of life.
  const lastAt = Math.max(log.lines.at(-1)?.at ?? 0, container.startedAt ?? 0);
  return answer(clock() - lastAt, silentForMs);
}

function answer(silentMs: number, silentForMs: number): Asked {
  return { ok: silentMs < silentForMs, said: `silent for ${formatDuration(Math.max(0, silentMs))}` };
}
