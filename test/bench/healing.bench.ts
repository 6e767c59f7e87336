/**
 * How quickly a sick container is noticed, restarted and well again: the agent, beside a healer that asks the engine
 * every five seconds for unhealthy containers and restarts them, as the one does that most hosts run today.
 */
import { setTimeout as sleep } from "node:timers/promises";
import {
  busyboxLayer,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  waitUntil,
  type LabContainer,
  type LabHost,
} from "@shipkeeper/lab";
import { keepHost } from "../agent-lab/keep-host.ts";
import { compare } from "./compare.ts";

const NEIGHBOURS = 20;
const ROUNDS = 9;
const POLL_MS = 5_000;
const HEALTH_INTERVAL_MS = 1_000;

const POLICY = `
policy: bench
hosts: { environment: lab }
rules:
  - restart: unhealthy
    mode: enforce
    select: { containers: ["sick-*"] }
    after: 0s
    perHost: { restarts: 1000, per: 5m }
    perImage: { restarts: 1000, per: 30m }
`;

/** What one illness took, in milliseconds. */
interface Illness {
  /** From the engine's word that it is unhealthy to the first signal of its restart. */
  readonly toRestartMs: number;
  /** From the same word to the engine's word that it is healthy again. */
  readonly toHealthyMs: number;
}

const fleet = await startFleet({ hosts: 1 });
try {
  const [host] = fleet.hosts;
  if (host === undefined) throw new Error("the lab started no host");
  await loadImages(host, [forgeImage({ tags: ["app:1"], layers: [busyboxLayer()] })]);
  for (let index = 0; index < NEIGHBOURS; index += 1) {
    await runContainer(host, { image: "app:1", name: `neighbour-${index}` });
  }

  const figures = [
    ["from the unhealthy event to the restart request", "toRestartMs"],
    ["from the unhealthy event to healthy again", "toHealthyMs"],
  ] as const;
  const agents: Illness[] = [];
  const pollers: Illness[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    agents.push(await withAgent(host, () => fallIll(host, `sick-a${round}`)));
    pollers.push(await withPoller(host, () => fallIll(host, `sick-b${round}`)));
  }
  for (const [what, figure] of figures) {
    const next = (illnesses: readonly Illness[]) => {
      const values = illnesses.map((illness) => illness[figure]);
      // The comparison's uncounted first round is the first illness on each side.
      return () => values.shift() ?? Number.NaN;
    };
    await compare({
      what,
      baselineIs: `a healer that polls every ${POLL_MS / 1_000} s`,
      unit: "ms",
      rounds: ROUNDS - 1,
      subject: next(agents),
      baseline: next(pollers),
    });
  }
} finally {
  await fleet.stop();
}

/** A container that is well until its file goes away, and again after its restart. */
async function fallIll(host: LabHost, name: string): Promise<Illness> {
  const container = await runContainer(host, {
    image: "app:1",
    name,
    command: ["/bin/sh", "-c", "touch /tmp/well; trap 'exit 0' TERM; sleep 2147483 & wait"],
    healthcheck: {
      test: ["CMD-SHELL", "test -e /tmp/well"],
      intervalMs: HEALTH_INTERVAL_MS,
      timeoutMs: 8_000,
      retries: 1,
    },
  });
  await healthy(container);
  // Anywhere in the poller's turn, not always at its begin.
  await sleep(Math.random() * POLL_MS);
  const since = Date.now() / 1_000;
  const exec = await container.handle.exec({ Cmd: ["rm", "/tmp/well"] });
  await exec.start({});
  const before = (await container.handle.inspect()).State.StartedAt;
  await waitUntil(async () => (await container.handle.inspect()).State.StartedAt !== before, {
    what: `${name} to be restarted`,
    deadlineMs: 60_000,
    everyMs: 50,
  });
  await healthy(container);
  const events = await eventsOf(host, container, since);
  await container.handle.remove({ force: true });
  const at = (action: string, after = 0) =>
    events.find((event) => event.action === action && event.at > after)?.at ?? Number.NaN;
  const sickAt = at("health_status: unhealthy");
  return {
    toRestartMs: at("kill", sickAt) - sickAt,
    toHealthyMs: at("health_status: healthy", sickAt) - sickAt,
  };
}

async function healthy(container: LabContainer): Promise<void> {
  await waitUntil(async () => (await container.health()) === "healthy", {
    what: `${container.name} to be healthy`,
    deadlineMs: 60_000,
  });
}

/** What the engine itself noted down, to its own clock. */
async function eventsOf(host: LabHost, { id }: LabContainer, since: number) {
  const stream = await host.engine.getEvents({
    since,
    until: Date.now() / 1_000,
    filters: { container: [id] },
  });
  let text = "";
  for await (const chunk of stream) text += String(chunk);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { Action: string; timeNano: number })
    .map(({ Action, timeNano }) => ({ action: Action, at: timeNano / 1e6 }));
}

async function withAgent<T>(host: LabHost, work: () => Promise<T>): Promise<T> {
  const agent = await keepHost(host, { policy: POLICY });
  try {
    return await work();
  } finally {
    await agent.stop();
  }
}

async function withPoller<T>(host: LabHost, work: () => Promise<T>): Promise<T> {
  const abort = new AbortController();
  const polling = poll(host, abort.signal);
  try {
    return await work();
  } finally {
    abort.abort();
    await polling;
  }
}

async function poll(host: LabHost, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const sick = await host.engine.listContainers({ filters: { health: ["unhealthy"] } });
    for (const { Id } of sick) await host.engine.getContainer(Id).restart();
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined); // an abort ends the loop
  }
}
