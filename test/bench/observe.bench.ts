/** What observing a host of 200 idle containers costs, beside the ways that other tools take. */
import { connectEngine, createContainerSampler, createInventoryReader } from "@shipkeeper/docker";
import { busyboxLayer, forgeImage, loadImages, runContainer, startFleet } from "@shipkeeper/lab";
import { askEngine, containersOn } from "../e2e/ask-engine.ts";
import { compare, timed } from "./compare.ts";

const CONTAINERS = 200;
const STARTED_AT_ONCE = 4;

const fleet = await startFleet({ hosts: 1 });
try {
  const [host] = fleet.hosts;
  if (host === undefined) throw new Error("the lab started no host");
  await loadImages(host, [forgeImage({ tags: ["idle:1"], layers: [busyboxLayer()] })]);
  const names = Array.from({ length: CONTAINERS }, (_, index) => `idle-${index}`);
  await Promise.all(
    Array.from({ length: STARTED_AT_ONCE }, async (_, lane) => {
      for (const name of names.filter((_name, index) => index % STARTED_AT_ONCE === lane)) {
        await runContainer(host, { image: "idle:1", name });
      }
    }),
  );
  const engine = await connectEngine({ socketPath: host.socketPath });
  const listed = await containersOn(host.socketPath);
  const inspect = (id: string) => askEngine(host.socketPath, `/v1.41/containers/${id}/json`);

  await compare({
    what: `first inventory of ${CONTAINERS} containers`,
    baselineIs: "list, then inspect one after the other",
    unit: "ms",
    rounds: 3,
    subject: () =>
      timed(() => createInventoryReader(engine, { clock: Date.now }).readAll(AbortSignal.timeout(60_000))),
    baseline: () =>
      timed(async () => {
        for (const { Id } of await containersOn(host.socketPath)) await inspect(Id);
      }),
  });

  for (const idleGate of [false, true]) {
    const sampler = createContainerSampler({ idleGate });
    for (const { Id } of listed) {
      const container = await engine.container(Id as Parameters<typeof engine.container>[0]);
      if (container?.pid !== undefined)
        sampler.attach({ id: container.id, name: container.name, pid: container.pid });
    }
    await compare({
      what: `one sweep over ${CONTAINERS} containers, ${idleGate ? "idle ones by one read" : "everything read"}`,
      baselineIs: "the engine's one-shot statistics, all at once",
      unit: "ms",
      rounds: 3,
      subject: () => timed(() => sampler.sweep(Date.now())),
      baseline: () =>
        timed(() =>
          Promise.all(
            listed.map(({ Id }) =>
              askEngine(host.socketPath, `/v1.41/containers/${Id}/stats?stream=false&one-shot=true`),
            ),
          ),
        ),
    });
    sampler.close();
  }
} finally {
  await fleet.stop();
}
