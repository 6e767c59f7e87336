import { execFileSync, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openEngine } from "@shipkeeper/docker";
import { fillVolume, runContainer } from "@shipkeeper/lab";
import { NO_GUARDRAILS } from "@shipkeeper/policy";
import { openRestic, type Restic } from "@shipkeeper/restic";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createClaims } from "../agent/src/act/claims.ts";
import { restoreInPlace } from "../agent/src/restore/in-place.ts";
import { settleSwaps } from "../agent/src/restore/swap.ts";
import { swapJournal } from "../agent/src/restore/swap-journal.ts";
import { oneHost } from "./agent-lab/one-host.ts";

const lab = oneHost("restore");

let folder: string;
let config: string;
let repository: { url: string; passwordFile: string };
let restic: Restic;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-restore-"));
  repository = { url: join(folder, "repository"), passwordFile: join(folder, "password") };
  writeFileSync(repository.passwordFile, "a long secret\n", { mode: 0o600 });
  restic = (await openRestic({ repositories: { local: repository } }))!;
  await restic.ensureRepository("local");
  config = join(folder, "agent.yaml");
  const settings = {
    collector: "http://127.0.0.1:1",
    stateDir: join(folder, "state"),
    docker: `unix://${lab.host.socketPath}`,
    guardrails: join(folder, "guardrails.yaml"),
    repositories: { local: repository },
  };
  writeFileSync(config, JSON.stringify(settings));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What root types on the host. */
function agent(...args: string[]): { code: number | null; out: string } {
  const program = join(import.meta.dirname, "../agent/src/main.ts");
  const { status, stdout, stderr } = spawnSync("node", [program, "--config", config, ...args], {
    encoding: "utf8",
  });
  return { code: status, out: stdout + stderr };
}

const guardrails = (text: string) => writeFileSync(join(folder, "guardrails.yaml"), text, { mode: 0o600 });

async function backUp(dataset: string, from: string): Promise<string> {
  const marks = { hostId: "a-host", policy: "lab", rule: "data", runId: `run-${Date.now()}` };
  return (await restic.backUp("local", { ...marks, dataset, folder: from })).snapshot.id;
}

/** A volume that two containers use, one of which needs the other. */
async function usedVolume(name: string) {
  const root = await fillVolume(lab.host, name, [{ path: "content", content: "first" }]);
  const mounts = [{ volume: name, target: "/data" }];
  const stop = { image: "acme/app:1", stopTimeoutSeconds: 5, mounts };
  const db = await runContainer(lab.host, { ...stop, name: `${name}-db` });
  const labels = { "shipkeeper.depends-on": `${name}-db` };
  const web = await runContainer(lab.host, { ...stop, name: `${name}-web`, labels });
  const states = async () => [await db.state(), await web.state()];
  const seen = async () => {
    const stream = await db.handle.exec({ Cmd: ["cat", "/data/content"], AttachStdout: true });
    const output = await stream.start({});
    const chunks: Buffer[] = [];
    for await (const chunk of output) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).subarray(8).toString();
  };
  return { root, db, web, states, seen, write: (text: string) => writeFileSync(join(root, "content"), text) };
}

test("in place: saved first, exchanged with its containers stopped, and put back by --undo", async () => {
  const volume = await usedVolume("shop");
  const point = await backUp("volume:shop", volume.root);
  volume.write("second");

  const refused = agent("restore", point, "--in-place");
  guardrails(`allow: { restoreOverExisting: ["shop*"] }`);
  const restored = agent("restore", point, "--in-place");

  expect(refused).toMatchObject({ code: 1, out: expect.stringContaining("allow.restoreOverExisting") });
  expect(restored).toMatchObject({ code: 0 });
  expect(restored.out).toMatch(
    /stopping shop-web\nstopping shop-db\nsaving what is there\nshop-db runs again\nshop-web runs/,
  );
  expect([await volume.seen(), await volume.states()]).toEqual(["first", ["running", "running"]]);
  const safety = (await restic.snapshots("local", { tags: ["rule=safety"] })).at(-1);
  expect(safety?.tags).toContain("dataset=volume:shop");

  const undo = /--undo (\S+)/.exec(restored.out)?.[1] ?? "";
  expect(agent("restore", "--undo", "ffff").out).toContain(`${undo}  volume:shop`);
  expect(agent("restore", "--undo", undo)).toMatchObject({ code: 0 });
  expect([await volume.seen(), await volume.states()]).toEqual(["second", ["running", "running"]]);
  expect(readdirSync(dirname(volume.root)).toSorted()).toEqual([
    "_data",
    expect.stringMatching(/^shipkeeper-undo-/),
  ]);
  expect(existsSync(join(folder, "state", "restores"))).toBe(true);
});

test("in place by an order: who uses the data is in hand all the while, or left alone where another has it", async () => {
  const { root, write, db, web, seen, states } = await usedVolume("ordered");
  const restorePoint = await backUp("volume:ordered", root);
  write("second");
  const claims = createClaims();
  const order = {
    restorePoint,
    restic,
    engine: openEngine({ socketPath: lab.host.socketPath }),
    journal: swapJournal(join(folder, "ordered")),
    clock: Date.now,
    guardrails: { ...NO_GUARDRAILS, allow: { ...NO_GUARDRAILS.allow, restoreOverExisting: ["ordered"] } },
    hostId: "a-host",
    self: [],
    hold: (id: string) => claims.take(id, "restore"),
  };
  const inHand = new Set<string>();
  const watch = () => claims.all().forEach((_, id) => inHand.add(id));
  const release = claims.take(db.id, "restart");

  const busy = restoreInPlace({ ...order, onProgress: () => undefined });
  await expect(busy).rejects.toThrow("container ordered-db must not be stopped: the agent has it in hand");
  expect([await seen(), await states(), claims.all().size]).toEqual(["second", ["running", "running"], 1]);
  release?.();
  await restoreInPlace({ ...order, onProgress: watch });

  expect([await seen(), await states()]).toEqual(["first", ["running", "running"]]);
  expect(inHand).toEqual(new Set([db.id, web.id]));
  expect(claims.all().size).toBe(0);
});

test("killed at any effect, the volume is the old one or the new one, and its containers run again", async () => {
  const volume = await usedVolume("killed");
  const program = join(import.meta.dirname, "agent-lab/swap-until-killed.ts");
  const journal = swapJournal(join(folder, "killed"));
  const engine = openEngine({ socketPath: lab.host.socketPath });
  const incoming = join(dirname(volume.root), "incoming");
  const ends: string[] = [];
  let isDone = false;

  for (let killAt = 1; !isDone && killAt < 20; killAt += 1) {
    rmSync(incoming, { recursive: true, force: true });
    mkdirSync(incoming);
    volume.write("old");
    writeFileSync(join(incoming, "content"), "new");
    const args = [program, lab.host.socketPath, journal.folder, volume.root, incoming, String(killAt)];
    const { stdout, signal } = spawnSync("node", args, { encoding: "utf8" });
    isDone = stdout === "done\n";
    expect(signal).toBe(isDone ? null : "SIGKILL");

    await settleSwaps({ engine, journal, clock: Date.now, tell: () => undefined });

    expect(await volume.states()).toEqual(["running", "running"]);
    ends.push(await volume.seen());
    expect(journal.all().every(({ phase }) => phase === "done")).toBe(true);
  }

  expect(isDone).toBe(true);
  expect([...new Set(ends)]).toEqual(["old", "new"]);
  expect(ends.length).toBeGreaterThan(8);
});

test("single files, a folder of its own, a point in time: from the repository alone", async () => {
  const root = await fillVolume(lab.host, "wiki", [
    { path: "pages/start", content: "first" },
    { path: "pages/a*b [1]", content: "starred" },
    { path: "pages/aXb 1", content: "not asked for" },
    { path: "other", content: "other" },
  ]);
  await backUp("volume:wiki", root);
  const between = new Date(Date.now() - 1).toISOString(); // the next one begins within this millisecond
  writeFileSync(join(root, "pages/start"), "second");
  await backUp("volume:wiki", root);

  const at = ["--dataset", "volume:wiki", "--at", between];
  const files = ["--files", "pages/start", "--files", "pages/a*b [1]"];
  const some = agent("restore", ...at, ...files, "--to", join(folder, "some"));
  const newest = agent("restore", "--dataset", "volume:wiki", "--into", "wiki-again");
  const again = agent("restore", "--dataset", "volume:wiki", "--to", join(folder, "some"));

  expect(some).toMatchObject({ code: 0 });
  expect(readdirSync(join(folder, "some"))).toEqual(["pages"]);
  expect(readdirSync(join(folder, "some/pages")).toSorted()).toEqual(["a*b [1]", "start"]);
  expect(readFileSync(join(folder, "some/pages/start"), "utf8")).toBe("first");
  expect(newest).toMatchObject({ code: 0 });
  expect(readFileSync(join(dirname(dirname(root)), "wiki-again/_data/pages/start"), "utf8")).toBe("second");
  expect(again).toMatchObject({ code: 1, out: expect.stringContaining("there is something in") });
  expect(readdirSync(folder).filter((name) => name.startsWith("shipkeeper-restore-"))).toEqual([]);
  expect(execFileSync("ls", [lab.host.dataRoot], { encoding: "utf8" })).not.toContain("shipkeeper-restore");
});
