/** Runs a program in a container once. */
import type { EngineExec } from "@shipkeeper/docker";
import type { Container } from "@shipkeeper/model";
import type { ProbeWay } from "@shipkeeper/policy";
import type { Asked } from "./ask.ts";

type ExecWay = Extract<ProbeWay, { kind: "exec" }>;

const MOST_OUTPUT_BYTES = 4_096;
const SHOWN_OUTPUT = 300;

/** Rejects where the engine could not be asked, or would not run it. */
export async function askExec(
  { argv }: ExecWay,
  {
    engine,
    container,
    timeoutMs,
    signal,
  }: {
    readonly engine: Pick<EngineExec, "exec">;
    readonly container: Container;
    readonly timeoutMs: number;
    readonly signal: AbortSignal;
  },
): Promise<Asked> {
  const request = { argv, timeoutMs, mostBytes: MOST_OUTPUT_BYTES };
  const result = await engine.exec(container.id, request, { signal });
  if (result === "not-running") return { ok: false, said: "the engine finds no running process to join" };
  const { exitCode, output } = result;
  const printed = output.replace(/\s+/g, " ").trim().slice(0, SHOWN_OUTPUT);
  if (exitCode === undefined)
    return { ok: false, said: `did not end in time: ${printed || "no output"}`, hangs: true };
  return { ok: exitCode === 0, said: `exit code ${exitCode}: ${printed || "no output"}` };
}
