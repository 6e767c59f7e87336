/** Looks once when a container last wrote to its log. */
import { formatDuration, type Clock } from "@shipkeeper/kit";
import type { EngineReader } from "@shipkeeper/docker";
import type { Container } from "@shipkeeper/model";
import type { Asked } from "./ask.ts";

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
  }: {
    readonly engine: Pick<EngineReader, "logs">;
    readonly container: Container;
    readonly clock: Clock;
    readonly signal: AbortSignal;
  },
): Promise<Asked> {
  const log = await engine.logs(container.id, { tail: 1, mostBytes: MOST_BYTES }, { signal });
  if (log === undefined) return { ok: "not-asked", said: "the container is gone" };
  if (!log.readable) return { ok: "not-asked", said: `its log cannot be read: ${log.why}` };
  // What it wrote before it was started is no sign of life.
  const lastAt = Math.max(log.lines.at(-1)?.at ?? 0, container.startedAt ?? 0);
  const silentMs = Math.max(0, clock() - lastAt);
  return { ok: silentMs < silentForMs, said: `silent for ${formatDuration(silentMs)}` };
}
