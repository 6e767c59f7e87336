import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { FakeEngine } from "@shipkeeper/docker";
import { volumeNameSchema } from "@shipkeeper/model";
import { everyByteReadSince, shareRead, sweepOf, type Proof, type Verdict } from "@shipkeeper/policy";
import { ResticProblem, type CheckFound, type ListedFile, type Restic } from "@shipkeeper/restic";
import { onTestFinished, expect, test } from "vitest";
import type { ActContext } from "./action-context.ts";
import { actWorld, NOW } from "./testing/act-world.ts";
import { verifyHandler } from "./verify.ts";

const damage = (level: "structure" | "bytes", id = "4eea6f42") => ({
  level,
  id,
  message: `pack ${id} is bad`,
});
const resticThat = (answers: Partial<Restic>) => answers as Restic;
const checking = (...found: (CheckFound | Error)[]) =>
  resticThat({
    async check() {
      const next = found.shift();
      if (next === undefined || next instanceof Error) throw next ?? new Error("nothing more was expected");
      return next;
    },
  });

const repositoryStep = (decision: string, expected: object = {}): Verdict => ({
  target: { type: "repository", id: "local", name: "local" },
  decision,
  reason: { why: "structure-due" },
  expect: { repository: "local", ...expected },
});
const structure = repositoryStep("check-structure");
const part = (from: number, to: number, subset: string) =>
  repositoryStep("read-subset", { subset, from, to });
const rungs = (proofs: readonly Proof[]) =>
  proofs.map(({ level, passed, message }) => [level, passed, ...(message === undefined ? [] : [message])]);

test("a structure that is whole is proven; one that is damaged is told once, until it was found whole again", async () => {
  const bad = { damage: [damage("structure"), damage("structure", "38fe2093")] };
  const restic = checking({ damage: [] }, bad, bad, { damage: [] }, bad);
  const { context, ledger, clock, troubles } = actWorld({ restic });
  const look = async () => {
    await clock.advance(1);
    return verifyHandler.take(structure, context);
  };

  expect(await look()).toMatchObject({ status: "done", facts: { passed: true } });
  expect(rungs(ledger.proofs.all())).toEqual([["structure", true]]);

  expect(await look()).toMatchObject({ status: "done", facts: { passed: false } });
  await look();
  expect(troubles).toEqual([
    "repository_damaged: repository local is damaged: pack 4eea6f42 is bad; pack 38fe2093 is bad",
  ]);
  await look();
  await look();
  expect(troubles).toHaveLength(2);
});

test("what cannot be looked at is not damaged: the step fails and nothing is proven", async () => {
  const locked = new ResticProblem("repository_locked", "the repository is locked");
  const { context, ledger, troubles } = actWorld({ restic: checking(locked) });

  await expect(verifyHandler.take(structure, context)).rejects.toThrow("locked");
  expect(ledger.proofs.all()).toEqual([]);
  expect(troubles).toEqual([]);
});

test("reading goes on from part to part, and proves the structure as well", async () => {
  const counts = { packs: 90, packsRead: 45, damage: [] };
  const { context, ledger, clock } = actWorld({ restic: checking(counts, counts) });

  const first = await verifyHandler.take(part(0, 128, "1/2"), context);
  expect(first).toMatchObject({ status: "done", facts: { passed: true, packsRead: 45 } });
  expect(rungs(ledger.proofs.all())).toEqual([
    ["bytes", true],
    ["structure", true],
  ]);
  const [half] = ledger.proofs.all();
  expect(half?.facts).toMatchObject({ subset: "1/2", packs: 90, next: 128 });

  await clock.advance(9);
  await verifyHandler.take(part(128, 256, "2/2"), context);
  const [whole] = ledger.proofs.all();
  expect(sweepOf(whole).next).toBe(0);
  expect(everyByteReadSince(whole!)).toBe(NOW);
});

test("damaged bytes keep the sweep in place; what was read before stays read", async () => {
  const restic = checking({ damage: [], packs: 8 }, { damage: [damage("bytes")] });
  const { context, ledger, clock, troubles } = actWorld({ restic });

  await verifyHandler.take(part(0, 128, "1/2"), context);
  await clock.advance(9);
  await verifyHandler.take(part(128, 256, "2/2"), context);

  const failed = ledger.proofs.all().find(({ passed }) => !passed);
  expect(failed).toMatchObject({ level: "bytes", message: "pack 4eea6f42 is bad" });
  expect(sweepOf(failed).next).toBe(128);
  expect(shareRead(sweepOf(failed))).toBe(0.5);
  expect(troubles).toHaveLength(1);
  expect(ledger.proofs.all().find(({ level, at }) => level === "structure" && at === NOW + 9)).toMatchObject({
    passed: true,
  });
});

test("two rules do not look at one repository at the same time, and a look that was cut off proves nothing", async () => {
  const { context, claims } = actWorld({ restic: checking({ damage: [] }) });
  const release = claims.take("repository local", "verify");

  expect(await verifyHandler.take(structure, context)).toEqual({ status: "skipped", why: "busy" });
  release?.();
  expect(await verifyHandler.take(structure, context)).toMatchObject({ status: "done" });
  expect(await verifyHandler.settle({ verdict: structure, position: 0, startedAt: NOW }, context)).toEqual({
    status: "skipped",
    why: "cut-off",
  });
});

const SHOP = volumeNameSchema.parse("shop");

/** A volume of small files, backed up as they are, and a restic that brings back what was backed up. */
function sampleWorld(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-verify-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const mountpoint = join(folder, "data");
  const write = (path: string, content: string, at: number) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    utimesSync(path, at / 1_000, at / 1_000);
  };
  const writtenAt = NOW - 60_000;
  const kept = new Map(Object.entries(files));
  for (const [name, content] of kept) write(join(mountpoint, name), content, writtenAt);

  const restic = resticThat({
    snapshots: async () => [{ id: "aa", at: NOW - 30_000, paths: ["/was/here"], tags: [], hostname: "" }],
    async listFiles(_repository: string, _id: string, onFile: (file: ListedFile) => void) {
      for (const [name, { length: bytes }] of kept)
        onFile({ path: `/was/here/${name}`, bytes, modifiedAtNs: BigInt(writtenAt) * 1_000_000n });
    },
    async restore(_repository: string, { include = [], target }: Parameters<Restic["restore"]>[1]) {
      for (const path of include)
        write(join(target, path), kept.get(path.slice("/was/here/".length))!, writtenAt);
    },
  });
  const engine = new FakeEngine({ clock: () => NOW, rootDir: folder });
  engine.addVolume({ name: SHOP, mountpoint });
  const world = actWorld({ restic, engine });
  const verdict: Verdict = {
    target: { type: "dataset", id: "volume:shop", name: "volume:shop" },
    decision: "sample",
    reason: { why: "never-compared", repository: "local" },
    expect: { repository: "local", restorePoint: "aa" },
  };
  return {
    ...world,
    engine,
    sample: (context: ActContext = world.context) => verifyHandler.take(verdict, context),
    change: (name: string, content: string, at = NOW) => write(join(mountpoint, name), content, at),
    corrupt: (name: string, content: string) => write(join(mountpoint, name), content, writtenAt),
    proof: () => world.ledger.proofs.all()[0],
  };
}

test("files that nobody changed are compared with their source, and those that somebody changed are not", async () => {
  const world = sampleWorld({ a: "alpha", "sub/b": "beta", c: "gamma", empty: "" });
  world.change("c", "delta");

  expect(await world.sample()).toMatchObject({ status: "done", facts: { passed: true, filesEqual: 2 } });
  expect(world.proof()).toMatchObject({
    level: "sample",
    repository: "local",
    dataset: "volume:shop",
    restorePoint: "aa",
    passed: true,
    facts: { files: 4, filesEqual: 2, filesDifferent: 0 },
  });
  expect(world.proof()).not.toHaveProperty("message");
});

test("a source that changed behind the back of its time of modification is found, and told once", async () => {
  const world = sampleWorld({ a: "alpha", b: "beta" });
  world.corrupt("b", "bets");

  await world.sample();
  await world.clock.advance(1);
  await world.sample();
  expect(world.proof()).toMatchObject({
    passed: false,
    message: "1 of 2 compared files differ from the source, which nobody changed since: b",
  });
  expect(world.troubles).toHaveLength(1);
  expect(world.troubles[0]).toContain(
    "backup_differs: restore point aa of volume:shop in repository local: 1 of 2",
  );
});

test("where nothing can be compared the proof says so", async () => {
  const world = sampleWorld({ a: "alpha" });
  world.change("a", "later");

  expect(await world.sample()).toMatchObject({ facts: { passed: true, filesEqual: 0 } });
  expect(world.proof()?.message).toMatch(/^nothing could be compared: none of its 1 files/);
});

test("a volume that is gone is no difference", async () => {
  const world = sampleWorld({ a: "alpha" });
  world.engine.forget(SHOP);

  expect(await world.sample()).toEqual({ status: "skipped", why: "already-gone" });
  expect(world.proof()).toBeUndefined();
});
