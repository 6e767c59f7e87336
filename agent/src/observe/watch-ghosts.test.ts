import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SECOND_MS } from "@shipkeeper/kit";
import { FakeEngine } from "@shipkeeper/docker";
import { handClock } from "@shipkeeper/lab";
import type { Container, ContainerId } from "@shipkeeper/model";
import { silentLog } from "@shipkeeper/runtime";
import { expect, onTestFinished, test } from "vitest";
import { NOW } from "../act/testing/act-world.ts";
import { watchGhosts } from "./watch-ghosts.ts";

/** Two containers of a fake engine, and a `/proc` in a folder that tests write. */
function world() {
  const root = mkdtempSync(join(tmpdir(), "ghosts-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const clock = handClock(NOW);
  const engine = new FakeEngine({ clock: clock.now });
  const web = engine.addContainer({ image: "web:1", name: "web", pid: 100 });
  const db = engine.addContainer({ image: "db:1", name: "db", pid: 200 });
  const watch = watchGhosts({ engine, clock: clock.now, log: silentLog, root });
  const folderOf = ({ pid }: Container) => join(root, "proc", String(pid));
  return {
    clock,
    engine,
    watch,
    web,
    db,
    alive(container: Container, { state = "S", cgroup = String(container.id) } = {}) {
      mkdirSync(folderOf(container), { recursive: true });
      writeFileSync(join(folderOf(container), "stat"), `${container.pid} (odd) name) ${state} 1 2 3`);
      writeFileSync(join(folderOf(container), "cgroup"), `4:memory:/docker/${cgroup}\n`);
    },
    gone: (container: Container) => rmSync(folderOf(container), { recursive: true }),
    look: () => watch.look([web, db], new AbortController().signal),
  };
}

test("a process that is gone for five seconds, and that the engine still names, is a ghost since it was missed", async () => {
  const w = world();
  w.alive(w.web);
  w.alive(w.db);
  await w.look();
  w.gone(w.web);
  await w.look();
  await w.clock.advance(4 * SECOND_MS);
  await w.look();
  expect(w.watch.ghosts().size).toBe(0);

  await w.clock.advance(SECOND_MS);
  await w.look();

  expect([...w.watch.ghosts()]).toEqual([[w.web.id, NOW]]);
});

test.for([
  ["a zombie", { state: "Z" }],
  ["a number that another process has now", { cgroup: "somebody-else" }],
] as const)("%s is a ghost, too", async ([, process]) => {
  const w = world();
  w.alive(w.web, process);
  w.alive(w.db);
  await w.look();
  await w.clock.advance(5 * SECOND_MS);

  await w.look();

  expect([...w.watch.ghosts().keys()]).toEqual([w.web.id]);
});

test("where no process of the engine is ever seen, nothing is said", async () => {
  const w = world();
  await w.look();
  await w.clock.advance(10 * SECOND_MS);

  await w.look();

  expect(w.watch.ghosts().size).toBe(0);
});

test.for([
  ["has noticed meanwhile", (engine: FakeEngine, id: ContainerId) => engine.exitContainer(id)],
  ["does not answer", (engine: FakeEngine) => void engine.goDown()],
] as const)("an engine that %s has no ghost", async ([, happens]) => {
  const w = world();
  w.alive(w.db);
  await w.look();
  await w.clock.advance(5 * SECOND_MS);
  happens(w.engine, w.web.id);

  await w.look();

  expect(w.watch.ghosts().size).toBe(0);
});

test("a ghost that was restarted is none any more", async () => {
  const w = world();
  w.alive(w.db);
  await w.look();
  await w.clock.advance(5 * SECOND_MS);
  await w.look();
  expect(w.watch.ghosts().size).toBe(1);

  w.alive(w.web);
  await w.look();

  expect(w.watch.ghosts().size).toBe(0);
});
