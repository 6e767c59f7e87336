import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { actWorld } from "../testing/act-world.ts";
import { noteImages, removeBroughtImages } from "./brought-images.ts";

const DIGEST = `postgres@sha256:${"c".repeat(64)}`;

function noteFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "brought-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("images that came for a try go with it; what was there before, has a name by now, or is another's stays", async () => {
  const { engine, context } = actWorld();
  const folder = noteFolder();
  const loaded = engine.addImage({ tags: [] });
  const held = engine.addImage({ tags: [] });
  const named = engine.addImage({ tags: [] });
  const wanted = [loaded, held, named].map(({ id }) => ({ blueprint: { imageId: id } }));
  await engine.removeImage(loaded.id);
  await engine.removeImage(named.id);

  const images = [{ id: loaded.id, tags: [], digests: [DIGEST] }];
  await noteImages(folder, { containers: wanted as never, images }, engine);
  engine.addImage(loaded);
  engine.addImage({ ...named, tags: ["by-now:mine"] });
  const pulled = engine.addImage({ tags: [], digests: [DIGEST] });
  const foreign = engine.addImage({ tags: [] });
  await removeBroughtImages(folder, context);

  const left = (await engine.imageNames()).map(({ id }) => id);
  expect(left.toSorted()).toEqual([held.id, named.id, foreign.id].toSorted());
  expect(left).not.toContain(pulled.id);
});

test("where nothing was noted nothing is removed", async () => {
  const { engine, context } = actWorld();
  engine.addImage({ tags: [] });

  await removeBroughtImages(noteFolder(), context);

  expect(engine.mutations).toEqual([]);
});
