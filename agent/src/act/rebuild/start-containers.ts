/** The containers of a host that is tried: started, each after those that it needs, and looked at when all of them run. */
import { maskSecrets } from "@shipkeeper/kit";
import { isAlive, type Container } from "@shipkeeper/model";
import type { RecordedContainer, RecoveryStep } from "@shipkeeper/policy";
import { MOST_ASSERTIONS, MOST_SAID, type AssertionResult } from "@shipkeeper/protocol";
import type { RecoveryContext } from "../../recover/take-recovery-step.ts";
import type { LocatedHost } from "./locate-host.ts";
import { problemOf } from "./problem-of.ts";

/** Scratch name of a container → how long its start took, and what is wrong with it. */
export type Started = ReadonlyMap<string, { readonly ms: number; readonly problem?: string | undefined }>;

interface StartContext {
  readonly host: LocatedHost;
  readonly recovery: RecoveryContext;
  /** Containers that could not be made, and why. */
  readonly unmade: ReadonlyMap<string, string>;
}

/**
 * What ended because something that it needs was not there yet is started a second time, where the engine would do so on
 * a real host: nothing says all that a container needs.
 */
export async function startContainers(
  steps: readonly RecoveryStep[],
  context: StartContext,
): Promise<Started> {
  const { host, unmade } = context;
  const started = new Map(Array.from(unmade, ([name, problem]) => [name, { ms: 0, problem }]));
  const failed = await takeAll(
    steps.filter((step) => !unmade.has(containerOf(step))),
    started,
    context,
  );
  await takeAll(
    failed.filter((step) => host.restarting.has(containerOf(step))),
    started,
    context,
  );
  return started;
}

/** Those that failed, and those of the same containers that come after them. */
async function takeAll(
  steps: readonly RecoveryStep[],
  started: Map<string, { readonly ms: number; readonly problem?: string | undefined }>,
  { recovery }: StartContext,
): Promise<RecoveryStep[]> {
  const { clock } = recovery;
  const failed: RecoveryStep[] = [];
  for (const step of steps) {
    const name = containerOf(step);
    const isVain = failed.some((one) => containerOf(one) === name);
    if (isVain) {
      failed.push(step);
      continue;
    }
    const begunAt = clock();
    const problem = await problemOf(step, recovery);
    const ms = (started.get(name)?.ms ?? 0) + Math.max(0, clock() - begunAt);
    started.set(name, { ms, problem });
    if (problem !== undefined) failed.push(step);
  }
  return failed;
}

/** The container that is started, or that takes a dump back. */
const containerOf = ({ name, into = name }: RecoveryStep) => into;

/** One assertion for each container, by the name that it had. */
export async function lookAtContainers(
  started: Started,
  { scratch, restarting, say }: LocatedHost,
  { engine, signal }: Pick<RecoveryContext, "engine" | "signal">,
): Promise<AssertionResult[]> {
  const present = new Map<string, Container>();
  for (const id of await engine.containerIds({ signal })) {
    const container = await engine.container(id, { signal });
    if (container !== undefined) present.set(container.name, container);
  }
  const results = scratch.configuration.containers.map((recorded): AssertionResult => {
    const { name } = recorded.blueprint;
    const { ms = 0, problem } = started.get(name) ?? {};
    const { passed, said } =
      problem === undefined
        ? judge(present.get(name), recorded, restarting.has(name))
        : { passed: false, said: problem };
    return {
      assert: `container ${say(name)}`.slice(0, 200),
      passed,
      said: maskSecrets(say(said)).slice(0, MOST_SAID),
      ms,
    };
  });
  return bounded(results);
}

function judge(container: Container | undefined, { running }: RecordedContainer, mayNotEnd: boolean) {
  if (container === undefined) return { passed: false, said: "it is gone" };
  const { exitCode, health } = container;
  if (!running) return { passed: true, said: "made; it did not run when its configuration was kept" };
  if (!isAlive(container)) {
    return { passed: exitCode === 0 && !mayNotEnd, said: `it ended with exit code ${exitCode ?? "unknown"}` };
  }
  if (health.status === "none") return { passed: true, said: "runs" };
  return { passed: health.status === "healthy", said: `its health is ${health.status}` };
}

/** As many as a receipt holds: those that failed first, and what becomes of the rest in one. */
function bounded(results: readonly AssertionResult[]): AssertionResult[] {
  if (results.length <= MOST_ASSERTIONS) return [...results];
  const inTurn = results.toSorted((a, b) => Number(a.passed) - Number(b.passed));
  const rest = inTurn.slice(MOST_ASSERTIONS - 1);
  const failed = rest.filter(({ passed }) => !passed).length;
  return [
    ...inTurn.slice(0, MOST_ASSERTIONS - 1),
    {
      assert: `${rest.length} more containers`,
      passed: failed === 0,
      said: failed === 0 ? "all of them are well" : `${failed} of them are not well`,
      ms: rest.reduce((sum, { ms }) => sum + ms, 0),
    },
  ];
}
