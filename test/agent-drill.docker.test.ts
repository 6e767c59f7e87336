import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  busyboxLayer,
  fillVolume,
  forgeImage,
  loadImages,
  runContainer,
  startFleet,
  waitUntil,
  type Fleet,
  type LabHost,
} from "@shipkeeper/lab";
import {
  drillReceiptSchema,
  drillReceiptText,
  type DrillReceipt,
  type EntryOf,
  type SignedDrillReceipt,
} from "@shipkeeper/protocol";
import { verifySignature } from "@shipkeeper/runtime";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import type { KeepOptions } from "./agent-lab/keep-host.ts";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";

const DOOMED = fileURLToPath(new URL("agent-lab/doomed-agent.ts", import.meta.url));
const AGENT_INSIDE = fileURLToPath(new URL("agent-lab/agent-inside.ts", import.meta.url));
const image = "acme/shop:1";

let fleet: Fleet;
let host: LabHost;
let folder: string;
let repositories: NonNullable<KeepOptions["repositories"]>;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "drill" });
  host = fleet.host("drill-1");
  await loadImages(host, [forgeImage({ tags: [image], layers: [busyboxLayer()] })]);
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "drilled-host-"));
  writeFileSync(join(folder, "password"), "a long secret\n", { mode: 0o600 });
  repositories = { local: { url: join(folder, "repository"), passwordFile: join(folder, "password") } };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
afterAll(() => fleet.stop());

const ruleOf = (volume: string, drill: string) =>
  `{ backup: data, mode: enforce, every: 1h, select: { volumes: [${volume}] }, to: [local], drill: { ${drill} } }`;
const policyOf = (rule: string) => `{ policy: lab, hosts: { environment: lab }, rules: [${rule}] }`;

/** A web server on a volume, which will not start without what is in it; all of it goes with the test. */
async function shop(name: string, { healthy = "wget -q -O - http://127.0.0.1:8080/ | grep -q hello" } = {}) {
  const files = Array.from({ length: 20 }, (_, number) => ({
    path: `f${number}`,
    content: `file ${number}`,
  }));
  await fillVolume(host, `${name}-data`, [{ path: "index.html", content: "hello" }, ...files]);
  writeFileSync(join(folder, "only-here"), "real");
  const container = await runContainer(host, {
    image,
    name,
    command: ["sh", "-c", `test -e /data/index.html && test -n "$TOKEN" && exec httpd -f -p 8080 -h /data`],
    env: { TOKEN: "swordfish" },
    labels: { "traefik.enable": "true" },
    restart: "always",
    mounts: [
      { volume: `${name}-data`, target: "/data" },
      { volume: `${name}-cache`, target: "/cache" },
      { anonymousAt: "/anonymous" },
      { bind: folder, target: "/real" },
    ],
    healthcheck: { test: ["CMD-SHELL", healthy], intervalMs: 300, timeoutMs: 5_000, retries: 2 },
    behaves: { kind: "healthy" },
  });
  onTestFinished(() => container.handle.remove({ force: true, v: true }));
  return container;
}

/** What of any drill is on the host: nothing, once one is over. */
async function scratch(): Promise<string[]> {
  const [containers, volumes, networks] = await Promise.all([
    host.engine.listContainers({ all: true }),
    host.engine.listVolumes(),
    host.engine.listNetworks(),
  ]);
  const names = [
    ...containers.flatMap(({ Names }) => Names),
    ...volumes.Volumes.map(({ Name }) => Name),
    ...networks.map(({ Name }) => Name),
    ...readdirSync(host.dataRoot),
  ];
  return names.filter((name) => /shipkeeper-(?:drill|restore)-/.test(name));
}

function opened({ payload, publicKey, signature }: SignedDrillReceipt): DrillReceipt {
  expect(verifySignature(drillReceiptText(payload), signature, publicKey)).toBe(true);
  return drillReceiptSchema.parse(JSON.parse(payload));
}

/** The first receipt of an agent that lives in the network of its host, as on a real one. */
async function receiptOf(rule: string): Promise<DrillReceipt> {
  const agent = host.spawnInside(process.execPath, [AGENT_INSIDE], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      ENGINE: host.socketPath,
      POLICY: policyOf(rule),
      REPOSITORIES: JSON.stringify(repositories),
    },
  });
  const ended = once(agent, "exit");
  try {
    for await (const line of createInterface({ input: agent.stdout! })) {
      const { drills } = JSON.parse(line) as { drills: EntryOf<"drill">[] };
      if (drills[0] !== undefined) return opened(drills[0].receipt);
    }
    throw new Error("the agent ended without a receipt");
  } finally {
    agent.kill("SIGTERM");
    await ended;
  }
}

test(
  "a volume with its web server is drilled: restored, started apart, asked, and all of it gone",
  { timeout: 90_000 },
  async () => {
    const web = await shop("shop");

    const receipt = await receiptOf(
      ruleOf(
        "shop-data",
        `every: 2s, rto: 10m, assert: [{ files: true }, { http: { port: 8080, path: /index.html } },
        { exec: [sh, -c, "echo $TOKEN; ls /cache /real"], expect: "^swordfish\\\\s*/cache:\\\\s*/real:\\\\s*$" }]`,
      ),
    );

    expect(receipt.failure).toBeUndefined();
    expect(receipt.assertions.map(({ assert, passed, said }) => `${assert} ${passed}: ${said}`)).toEqual([
      "files true: 21 of 21 files, 21 sampled ones as they were",
      "http 8080 /index.html true: HTTP 200",
      expect.stringMatching(/^exec sh true: exit code 0/),
    ]);
    expect(receipt).toMatchObject({
      passed: true,
      dataset: "volume:shop-data",
      repository: "local",
      rtoTargetMs: 600_000,
    });
    expect(receipt.application).toMatchObject({ container: "shop", image });
    expect(receipt.phases.map(({ phase }) => phase)).toEqual(["locate", "fetch", "boot", "ready", "verify"]);
    expect(receipt.rtoMs).toBeLessThan(60_000);
    expect(receipt.rpoMs).toBeGreaterThanOrEqual(0);
    expect(await web.health()).toBe("healthy");
    expect(await scratch()).toEqual([]);
  },
);

test(
  "an application that works on several volumes is tried on all that are backed up",
  { timeout: 90_000 },
  async () => {
    await fillVolume(host, "wiki-data", [{ path: "page", content: "hello" }]);
    await fillVolume(host, "wiki-config", [{ path: "settings", content: "theme=dark" }]);
    const mounts = ["data", "config", "cache"].map((name) => ({
      volume: `wiki-${name}`,
      target: `/${name}`,
    }));
    const command = ["sh", "-c", "test -e /data/page && test -e /config/settings && exec sleep 1000"];
    const wiki = await runContainer(host, {
      image,
      name: "wiki",
      command,
      mounts,
      behaves: { kind: "running" },
    });
    onTestFinished(() => wiki.handle.remove({ force: true, v: true }));
    const assert = `[{ exec: [sh, -c, "cat /data/page /config/settings; ls /cache"], expect: "^hellotheme=dark" }]`;

    const receipt = await receiptOf(ruleOf(`wiki-data, wiki-config`, `every: 2s, assert: ${assert}`));

    expect(receipt.assertions).toMatchObject([{ passed: true, said: "exit code 0: hellotheme=dark" }]);
    expect(receipt.warnings).toEqual(["nothing was restored at /cache of container wiki"]);
    expect(await scratch()).toEqual([]);
  },
);

test(
  "data that is not what it should be fails its drill, and the receipt says which assertion",
  { timeout: 90_000 },
  async () => {
    await shop("spoilt");
    await fillVolume(host, "spoilt-data", [{ path: "orders.txt", content: "garbage" }]);

    const receipt = await receiptOf(
      ruleOf(
        "spoilt-data",
        `every: 2s, assert: [{ files: true }, { exec: [grep, -q, "total", /data/orders.txt] }, { http: { port: 8080, path: /gone } }]`,
      ),
    );

    expect(receipt.assertions.map(({ assert, passed }) => `${assert}: ${passed}`)).toEqual([
      "files: true",
      "exec grep: false",
      "http 8080 /gone: false",
    ]);
    expect(receipt.passed).toBe(false);
    expect(receipt.rtoMs).toBeUndefined();
    expect(receipt.assertions[2]?.said).toContain("HTTP 404");
    expect(await scratch()).toEqual([]);
  },
);

test(
  "an application that never becomes well fails; while it tries it is apart from everything, and seen by nobody",
  { timeout: 90_000 },
  async () => {
    // What makes it well is in a folder of the host, which no drill has.
    const real = await shop("lonely", { healthy: "test -e /real/only-here" });
    const { NetworkSettings } = await real.handle.inspect();
    const policy = policyOf(ruleOf("lonely-data", "every: 2s, ready: 15s, memory: 64MB, cpus: 0.5"));
    const agent = await keepHostInTest(host, { policy, repositories });

    const drilled = await waitUntil(
      async () => {
        const [found] = await host.engine.listContainers({ filters: { label: ["shipkeeper.drill"] } });
        return found && host.engine.getContainer(found.Id);
      },
      { what: "a drilled container that runs", deadlineMs: 40_000 },
    );
    const { HostConfig, Mounts, Config, NetworkSettings: network, State } = await drilled.inspect();
    const address = NetworkSettings.Networks["bridge"]?.IPAddress ?? "";
    const reach = async (from: Docker.Container) => {
      const run = await from.exec({ Cmd: ["sh", "-c", `nc -w 2 ${address} 8080 < /dev/null`] });
      await run.start({ Detach: true });
      const ended = await waitUntil(
        async () => {
          const now = await run.inspect();
          return now.Running || now.ExitCode === null ? undefined : now;
        },
        { what: `an answer from ${address}`, deadlineMs: 10_000 },
      );
      return ended.ExitCode === 0;
    };
    const reached = await Promise.all([reach(real.handle), reach(drilled)]);
    const inventory = await agent.observer.refreshNow();
    const receipt = await waitUntil(() => agent.ofKind("drill")[0], {
      what: "a receipt",
      deadlineMs: 40_000,
    });

    expect(State.Running).toBe(true);
    expect(Mounts.map(({ Type, Name = "" }) => `${Type} ${Name.slice(0, 17)}`)).toEqual(
      Array.from({ length: 4 }, () => "volume shipkeeper-drill-"),
    );
    expect(HostConfig).toMatchObject({
      Binds: null,
      PortBindings: {},
      Privileged: false,
      RestartPolicy: { Name: "no" },
      Memory: 64e6,
      NanoCpus: 500_000_000,
    });
    expect(Object.keys(Config.Labels)).toEqual(["shipkeeper.drill"]);
    expect(Object.keys(network.Networks)).toEqual(
      [HostConfig.NetworkMode].map(() => expect.stringMatching(/^shipkeeper-drill-/)),
    );
    expect(network.Ports).toEqual({});
    expect(reached).toEqual([true, false]);
    expect(JSON.stringify(inventory)).not.toContain("shipkeeper-drill");
    expect(opened(receipt.receipt)).toMatchObject({
      passed: false,
      assertions: [],
      failure: expect.stringContaining("container lonely did not come up: not well within 15 seconds"),
    });
    const [failed] = agent.ledger.proofs.all().filter(({ level }) => level === "drill");
    expect(failed).toMatchObject({ passed: false, dataset: "volume:lonely-data" });
    await agent.stop();
    expect(JSON.stringify(agent.told)).not.toMatch(/swordfish|shipkeeper-drill/);
    expect(await scratch()).toEqual([]);
  },
);

/** In the order in which a drill does them: where in it the agent dies. */
const PLACES = [
  ["before", "volume"],
  ["after", "volume"],
  ["after", "network"],
  ["after", "isolate"],
  ["after", "start"],
  ["after", "exec"],
  ["after", "kill"],
  ["after", "remove"],
] as const;

test(
  "killed at any place of a drill, the next start removes what is left and nothing counts as passed",
  { timeout: 240_000 },
  async () => {
    await shop("doomed");
    const rule = ruleOf("doomed-data", "every: 2s, assert: [{ exec: [test, -e, /data/index.html] }]");
    const stateDir = join(folder, "state");
    mkdirSync(stateDir);
    const first = await keepHostInTest(host, {
      policy: policyOf(rule.replace(/, drill: .*/, " }")),
      stateDir,
      repositories,
    });
    await first.finished("backup");
    await first.stop();

    for (const [when, at] of PLACES) {
      const doomed = spawn(process.execPath, [DOOMED], {
        stdio: ["ignore", "inherit", "inherit"],
        env: {
          ...process.env,
          ENGINE: host.socketPath,
          STATE_DIR: stateDir,
          WHEN: when,
          AT: at,
          RULE: rule,
          REPOSITORIES: JSON.stringify(repositories),
        },
      });
      await once(doomed, "exit");
      expect(doomed.signalCode).toBe("SIGKILL");
      const left = await scratch();

      const agent = await keepHostInTest(host, { policy: policyOf(""), stateDir, repositories });
      const [run] = await agent.finished("drill");
      const drills = agent.ledger.proofs.all().filter(({ level }) => level === "drill");
      await agent.stop();

      expect(left, `${when} ${at}`).not.toEqual([]);
      expect(await scratch(), `${when} ${at}`).toEqual([]);
      expect(run?.outcome.steps).toMatchObject([{ status: "skipped", why: "cut-off" }]);
      expect([drills, agent.ofKind("drill")]).toEqual([[], []]);
    }
  },
);
