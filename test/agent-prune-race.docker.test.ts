/** A pull or a build that is under way while images go, on a real engine with a real registry. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { HOUR_MS } from "@shipkeeper/kit";
import {
  busyboxLayer,
  flakyLink,
  forgeImage,
  loadImages,
  startFleet,
  startRegistry,
  waitUntil,
  type Fleet,
  type LabHost,
} from "@shipkeeper/lab";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";

const POLICY = `
policy: lab
hosts: { environment: lab }
rules:
  - prune: everything
    mode: enforce
    every: 1s
    images: { unusedFor: 1m, keepRollback: { generations: 0 } }
    containers: { exitedFor: 1m }
    limits: { share: 100% }
`;

let fleet: Fleet;
let host: LabHost;
beforeAll(async () => {
  fleet = await startFleet({ hosts: 1, prefix: "race" });
  host = fleet.host("race-1");
});
afterAll(() => fleet.stop());

/** An agent that takes everything that nobody used within a minute of its own clock. */
async function greedyAgent() {
  let offsetMs = 0;
  let looks = 0;
  const agent = await keepHostInTest(host, { policy: POLICY, now: () => Date.now() + offsetMs });
  await waitUntil(() => agent.observer.current(), { what: "a first look", deadlineMs: 10_000 });
  agent.observer.subscribe(() => (looks += 1));
  return {
    ...agent,
    /** An hour of the agent's clock, with two looks in it: the first may have begun before. */
    async passHour(): Promise<void> {
      const before = looks;
      offsetMs += HOUR_MS;
      await waitUntil(() => looks >= before + 2, { what: "the agent to look twice", deadlineMs: 20_000 });
    },
    /** Has the agent see an image, and then take it for one that nobody used for an hour. */
    async letGo(tag: string): Promise<void> {
      const isSeen = () => agent.observer.current()?.images.some(({ tags }) => tags.includes(tag));
      await waitUntil(isSeen, { what: `the agent to see ${tag}`, deadlineMs: 10_000 });
      offsetMs += HOUR_MS;
      await waitUntil(async () => !(await tagsOn()).includes(tag), {
        what: `${tag} to go`,
        deadlineMs: 30_000,
      });
    },
  };
}

const tagsOn = async () => (await host.engine.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
const layer = (path: string, bytes: number) => [{ path, content: randomBytes(bytes) }];

/** What a container made from the image finds in its files, to the last byte of every layer. */
async function checksums(image: string, paths: readonly string[]): Promise<string> {
  const container = await host.engine.createContainer({
    Image: image,
    Cmd: ["sha256sum", ...paths],
    HostConfig: { NetworkMode: "none" },
  });
  await container.start();
  await container.wait();
  const log = await container.logs({ stdout: true, stderr: true });
  await container.remove();
  return log.toString("latin1");
}

test("a pull that counts on the layers of an image that goes meanwhile still brings a whole image", async () => {
  const registry = await startRegistry({ address: fleet.gateway });
  onTestFinished(() => registry.stop());
  const [listenHost = "", port] = registry.address.split(":");
  const link = await flakyLink({
    listen: { host: fleet.gateway, port: 0 },
    target: { host: listenHost, port: Number(port) },
  });
  onTestFinished(() => link.stop());
  const agent = await greedyAgent();

  for (const round of [1, 2, 3]) {
    const base = [busyboxLayer(), layer("base", 500_000)];
    const doomed = forgeImage({ tags: [`team/doomed:${round}`], layers: [...base, layer("doomed", 10_000)] });
    const wanted = forgeImage({
      tags: [`team/wanted:${round}`],
      layers: [...base, layer("wanted", 400_000)],
    });
    await registry.push(wanted, `team/wanted:${round}`);
    await registry.push(doomed, `team/doomed:${round}`);
    const doomedName = `${registry.address}/team/doomed:${round}`;
    // Only of what it pulled does the engine know which layers a manifest means.
    await pull(doomedName, () => undefined);

    const name = `${link.address.host}:${link.address.port}/team/wanted:${round}`;
    link.slow(60_000);
    const told: string[] = [];
    const pulled = pull(name, (status) => told.push(status));
    await waitUntil(() => told.filter((status) => status === "Already exists").length >= 2, {
      what: `the pull to count on the layers of team/doomed:${round}, told ${told.join(", ")}`,
      // The engine tries TLS first, and may wait ten seconds for a handshake that never comes.
      deadlineMs: 60_000,
    });
    await agent.letGo(doomedName);
    expect(told).not.toContain("Pull complete");
    link.heal();
    await pulled;

    const seen = await checksums(name, ["/base", "/wanted"]);
    expect(seen.match(/[0-9a-f]{64} {2}\/(base|wanted)/g)).toHaveLength(2);
    expect((await host.engine.getImage(name).inspect()).Id).toBe(wanted.id);
  }
  const failed = agent
    .ofKind("run-finished")
    .flatMap(({ outcome }) => outcome.steps.filter(({ status }) => status === "failed"));
  expect(failed).toEqual([]);
}, 180_000);

/** Follows a pull to its end, and throws what the engine says went wrong. */
async function pull(name: string, onStatus: (status: string) => void): Promise<void> {
  const stream = await host.engine.pull(name);
  await new Promise<void>((resolve, reject) => {
    host.engine.modem.followProgress(
      stream,
      (error: Error | null) => (error === null ? resolve() : reject(error)),
      ({ status }: { status?: string }) => status !== undefined && onStatus(status),
    );
  });
}

test.for([1, 2])(
  "a build by builder %i whose base and steps nobody uses still makes its image",
  async (version) => {
    const tag = `team/built:${version}`;
    const base = forgeImage({
      tags: [`team/base:${version}`],
      layers: [busyboxLayer(), layer("base", 100_000)],
    });
    await loadImages(host, [base]);
    const agent = await greedyAgent();
    const context = mkdtempSync(join(tmpdir(), "shipkeeper-build-"));
    onTestFinished(() => rmSync(context, { recursive: true }));
    writeFileSync(
      join(context, "Dockerfile"),
      `FROM team/base:${version}\nCOPY file /one\nRUN sleep 4\nRUN cat /one > /two && sleep 2\n`,
    );
    writeFileSync(join(context, "file"), "one");
    const archive = execFileSync("tar", ["-c", "-C", context, "."]);

    const stream = await host.engine.buildImage(Readable.from([archive]), {
      t: tag,
      version: String(version) as "1" | "2",
      networkmode: "none",
    });
    const built = new Promise<void>((resolve, reject) => {
      host.engine.modem.followProgress(stream, (error: Error | null, output: { error?: string }[]) => {
        const said = output.find((line) => line.error !== undefined)?.error;
        return error === null && said === undefined ? resolve() : reject(error ?? new Error(said));
      });
    });
    const state = { isOver: false };
    const ended = built.finally(() => (state.isOver = true));
    // Hours pass with every look, so that whatever the build left so far is old at once.
    while (!state.isOver) await Promise.race([ended, agent.passHour()]);
    await ended;

    expect(await checksums(tag, ["/one", "/two"])).toMatch(/\/one[^]*\/two/);
  },
);
