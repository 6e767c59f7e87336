import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
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
import { afterAll, afterEach, beforeAll, beforeEach, expect, onTestFinished, test } from "vitest";
import type { KeepOptions } from "./agent-lab/keep-host.ts";

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
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-drill-"));
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
