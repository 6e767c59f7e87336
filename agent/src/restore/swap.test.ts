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
import { join } from "node:path";
import { FakeEngine } from "@shipkeeper/docker";
import type { Container } from "@shipkeeper/model";
import { afterEach, expect, test } from "vitest";
import { KEEP_UNDO_MS, forgetOldSwaps, settleSwaps, swapContent, type SwapDeps } from "./swap.ts";
import { swapJournal, type Swap } from "./swap-journal.ts";

const roots: string[] = [];
afterEach(() => roots.splice(0).forEach((root) => rmSync(root, { recursive: true })));

const NOW = Date.parse("2030-01-31T02:00:00Z");

/** A volume with old content, new content beside it, and two containers of which `web` depends on `db`. */
function world() {
  const root = mkdtempSync(join(tmpdir(), "shipkeeper-swap-"));
  roots.push(root);
  const engine = new FakeEngine({ clock: () => NOW });
  const folder = join(root, "shop", "_data");
  const incoming = join(root, "shop", "staged");
  write(folder, "old");
  write(incoming, "new");
  const mounts = [
    { type: "volume" as const, volume: "shop", source: folder, destination: "/data", readOnly: false },
  ];
  const add = (name: string, more: Partial<Container> = {}) =>
    engine.addContainer({ image: "web:1", name, state: "running", mounts, ...more });
  const db = add("db");
  const web = add("web", { labels: { "shipkeeper.depends-on": "db" } });
  add("other", { mounts: [] });
  const said: string[] = [];
  const journal = swapJournal(join(root, "restores"));
  const deps: SwapDeps = { engine, journal, clock: () => NOW, tell: (line) => void said.push(line) };
  const order = { dataset: "volume:shop", folder, incoming, source: "a test", refuse: () => undefined };
  const states = async () => {
    const seen = await Promise.all((await engine.containerIds()).map((id) => engine.container(id)));
    return Object.fromEntries(seen.flatMap((one) => (one === undefined ? [] : [[one.name, one.state]])));
  };
  return { root, engine, folder, incoming, db, web, said, journal, deps, order, states };
}

function write(folder: string, content: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "content"), content);
}
const contentOf = (folder: string) => readFileSync(join(folder, "content"), "utf8");
const ALL_RUN = { db: "running", web: "running", other: "running" };

test("the containers that use it stop, dependents first, and run again in the reverse order", async () => {
  const { folder, said, deps, order, states, journal } = world();

  const swap = await swapContent(order, deps);

  expect(said).toEqual(["stopping web", "stopping db", "db runs again", "web runs again"]);
  expect([contentOf(folder), contentOf(swap.undo)]).toEqual(["new", "old"]);
  expect(await states()).toEqual(ALL_RUN);
  expect(journal.all()).toMatchObject([{ id: swap.id, phase: "done", dataset: "volume:shop" }]);
});

test("what is there is saved when nobody writes any more; where that fails all is as it was", async () => {
  const { folder, incoming, deps, order, states, journal } = world();
  const seen: unknown[] = [];
  const save = async () => {
    seen.push(await states());
    throw new Error("the repository is full");
  };

  await expect(swapContent({ ...order, save }, deps)).rejects.toThrow("the repository is full");

  expect(seen).toEqual([{ db: "exited", web: "exited", other: "running" }]);
  expect([contentOf(folder), contentOf(incoming)]).toEqual(["old", "new"]);
  expect(await states()).toEqual(ALL_RUN);
  expect(journal.all()).toEqual([]);
});

test("a container that must not be stopped stops the restore before anything else", async () => {
  const { deps, order, said, folder } = world();
  const refuse = ({ name }: Container) => (name === "db" ? "the agent runs in it" : undefined);

  await expect(swapContent({ ...order, refuse }, deps)).rejects.toThrow(
    "container db must not be stopped: the agent runs in it",
  );
  expect([said, contentOf(folder)]).toEqual([[], "old"]);
});

test("a container that somebody starts meanwhile keeps the old content", async () => {
  const { deps, order, engine, db, folder, states } = world();
  const save = async () => {
    await engine.startContainer(db.id);
    return "0123";
  };

  await expect(swapContent({ ...order, save }, deps)).rejects.toThrow("container db was started meanwhile");
  expect(contentOf(folder)).toBe("old");
  expect(await states()).toEqual(ALL_RUN);
});

const UNDO = "undo";
/** What a kill can leave: where each content lies by then, and which one the dataset has after the next start. */
const CUT_OFF: readonly {
  phase: Swap["phase"];
  old: "folder" | typeof UNDO;
  new: "incoming" | "folder";
  ends: "old" | "new";
}[] = [
  { phase: "stopping", old: "folder", new: "incoming", ends: "old" },
  { phase: "swapping", old: "folder", new: "incoming", ends: "old" },
  { phase: "swapping", old: UNDO, new: "incoming", ends: "new" },
  { phase: "swapping", old: UNDO, new: "folder", ends: "new" },
  { phase: "starting", old: UNDO, new: "folder", ends: "new" },
];

test.for(CUT_OFF)(
  "cut off while $phase, old in $old and new in $new: ends with the $ends one",
  async (cut) => {
    const { root, folder, incoming, engine, db, web, deps, journal, states } = world();
    const undo = join(root, "shop", "kept");
    const places = { folder, incoming, undo };
    for (const place of [folder, incoming]) rmSync(place, { recursive: true });
    write(places[cut.old], "old");
    write(places[cut.new], "new");
    const containers = [web, db].map(({ id, name }) => ({ id, name }));
    for (const { id } of containers) await engine.stopContainer(id);
    const swap: Swap = {
      id: "1a2b",
      at: NOW,
      dataset: "volume:shop",
      folder,
      incoming,
      undo,
      source: "a test",
      containers,
      phase: cut.phase,
    };
    journal.write(swap);

    await settleSwaps(deps);
    await settleSwaps(deps);

    expect(contentOf(folder)).toBe(cut.ends);
    expect(await states()).toEqual(ALL_RUN);
    expect(journal.all()).toMatchObject(cut.ends === "new" ? [{ phase: "done" }] : []);
  },
);

test("what is kept goes after a week, and its record with it", async () => {
  const { root, deps, order, journal } = world();
  const { undo } = await swapContent(order, deps);

  await forgetOldSwaps(deps, NOW + KEEP_UNDO_MS - 1);
  expect(existsSync(undo)).toBe(true);
  await forgetOldSwaps(deps, NOW + KEEP_UNDO_MS);

  expect(readdirSync(join(root, "shop"))).toEqual(["_data"]);
  expect(journal.all()).toEqual([]);
});
