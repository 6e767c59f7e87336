import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  busyboxLayer,
  createVolume,
  fillVolume,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  waitUntil,
  type Fleet,
  type LabHost,
} from "@shipkeeper/lab";
import { openEngine } from "@shipkeeper/docker";
import { DAY_MS, InvalidInput } from "@shipkeeper/kit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";

let fleet: Fleet;
let host: LabHost;
let folder: string;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "leftovers" });
  host = fleet.host("leftovers-1");
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-leftovers-"));
  writeFileSync(join(folder, "password"), "a long secret\n", { mode: 0o600 });
  const image = forgeImage({ tags: ["acme/app:1"], layers: [busyboxLayer()] });
  await loadImages(host, [image]);
});
afterAll(async () => {
  await fleet.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** An agent whose clock is moved ahead after its first look, so that what nothing uses is old by then. */
async function keeper(rules: string, guardrails: string) {
  let offsetMs = 0;
  const agent = await keepHostInTest(host, {
    policy: `{ policy: lab, hosts: { environment: lab }, mode: enforce, rules: [${rules}] }`,
    guardrails,
    repositories: { local: { url: join(folder, "repository"), passwordFile: join(folder, "password") } },
    now: () => Date.now() + offsetMs,
  });
  await waitUntil(() => agent.observer.current(), { what: "a first look", deadlineMs: 10_000 });
  return { ...agent, pass: (ms: number) => (offsetMs += ms) };
}

/** How the steps of the first prune runs ended: name → status, and why. */
async function ends(agent: Awaited<ReturnType<typeof keeper>>): Promise<Record<string, string>> {
  const runs = await agent.finished("prune", 1);
  return Object.fromEntries(
    runs.flatMap(({ outcome }) =>
      outcome.steps.map(({ target, status, why, error }) => [
        target.name,
        [status, why ?? error].filter((part) => part !== undefined).join(": "),
      ]),
    ),
  );
}

test("volumes go that can be restored or are empty, networks that nobody is part of; the others stay", async () => {
  for (const name of ["ci-saved", "ci-unsaved", "ci-forbidden", "ci-mounted"]) {
    await createVolume(host, name);
    await fillVolume(host, name, [{ path: "data", content: "precious" }]);
  }
  const { name: anonymous } = await host.engine.createVolume({});
  await runContainer(host, {
    image: "acme/app:1",
    name: "ended",
    behaves: { kind: "exited", code: 0 },
    mounts: [{ volume: "ci-mounted", target: "/data" }],
  });
  await host.engine.createNetwork({ Name: "left-over" });
  await host.engine.createNetwork({ Name: "joined" });
  await host.engine.createContainer({
    name: "never-started",
    Image: "acme/app:1",
    Cmd: ["/bin/true"],
    HostConfig: { NetworkMode: "joined" },
  });

  const agent = await keeper(
    `{ backup: saved, every: 1h, select: { volumes: ["ci-saved", "ci-forbidden", "ci-mounted"] }, to: [local] },
     { prune: leftovers, every: 1s, volumes: { named: ["ci-*"] }, networks: {} }`,
    `allow: { volumes: ["ci-saved", "ci-unsaved", "ci-mounted"] }`,
  );
  await agent.finished("backup", 1);
  await waitUntil(() => agent.observer.current()?.volumes.every(({ sizeBytes }) => sizeBytes !== undefined), {
    what: "the volumes to be measured",
    deadlineMs: 30_000,
  });
  agent.pass(60 * DAY_MS);

  expect(await ends(agent)).toEqual({ "left-over": "done", "ci-saved": "done", [anonymous]: "done" });
  const { Volumes } = await host.engine.listVolumes();
  expect(Volumes.map(({ Name }) => Name).sort()).toEqual(["ci-forbidden", "ci-mounted", "ci-unsaved"]);
  const networks = (await host.engine.listNetworks()).map(({ Name }) => Name);
  expect(networks.sort()).toEqual(["bridge", "host", "joined", "none"]);
  const planned = agent
    .ofKind("round")
    .flatMap(({ round }) => round.planned.filter(({ kind }) => kind === "prune"))
    .flatMap(({ verdicts }) => verdicts);
  const why = (name: string) =>
    new Set(planned.filter(({ target }) => target.name === name).map((v) => v.reason.why));
  expect(why("ci-mounted")).toContain("in-use");
  expect(why("ci-forbidden")).toContain("not-allowed");
  expect(why("ci-unsaved")).toContain("no-restore-point");
});

/** A build by the engine's BuildKit, from a context sent along. */
function build(tag: string, steps: readonly string[]): string {
  const context = join(folder, tag);
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, "Dockerfile"), ["FROM acme/app:1", ...steps].join("\n"));
  writeFileSync(join(context, "file"), tag.repeat(50_000));
  execFileSync("tar", ["-cf", `${context}.tar`, "-C", context, "."]);
  const query = `version=2&t=${tag}&networkmode=none`;
  return execFileSync(
    "curl",
    // prettier-ignore
    ["-s", "-XPOST", "-H", "content-type: application/x-tar", "--data-binary", `@${context}.tar`,
      "--unix-socket", host.socketPath, `http://engine/v1.41/build?${query}`],
    { encoding: "latin1" },
  );
}

test("build cache goes record by record by its full id, and what an image holds stays", async () => {
  const engine = openEngine({ socketPath: host.socketPath });
  build("built-gone", ["COPY file /one", "RUN echo two > /two"]);
  build("built-kept", ["COPY file /three"]);
  await host.engine.getImage("built-gone").remove();
  const before = await engine.buildCache();
  const shared = before.filter((record) => record.shared).map(({ id }) => id);
  const free = before.filter((record) => !record.shared);
  expect(free.length).toBeGreaterThanOrEqual(3);

  // The engine would take part of an id for all records that have it, and refuses one that another is built on.
  const parent = free.find(({ id }) => free.some(({ parents = [] }) => parents.includes(id)));
  await expect(engine.removeBuildCache((free[0]?.id ?? "").slice(0, 12))).rejects.toThrow(InvalidInput);
  expect(await engine.removeBuildCache(parent?.id ?? "")).toBe("in-use");
  expect(await engine.buildCache()).toHaveLength(before.length);

  const agent = await keeper("{ prune: cache, every: 1s, buildCache: {} }", "{}");
  await waitUntil(() => agent.observer.current()?.buildCache.length, { what: "sizes", deadlineMs: 30_000 });
  agent.pass(30 * DAY_MS);

  const ended = await ends(agent);
  expect(new Set(Object.values(ended))).toEqual(new Set(["done"]));
  expect((await engine.buildCache()).map(({ id }) => id).sort()).toEqual(shared.sort());
  expect((await host.engine.getImage("built-kept").inspect()).Id).toMatch(/^sha256:/);
});
