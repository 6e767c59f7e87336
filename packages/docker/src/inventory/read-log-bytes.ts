import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ContainerId } from "@shipkeeper/model";
import { mapBounded } from "@shipkeeper/kit";

const MOST_AT_ONCE = 8;

/**
 * Container id → bytes in the log files that the engine's `json-file` and `local` drivers keep of it, with those that
 * were rotated. Left out are containers of other drivers, and all where the engine's folder is not to be seen from here.
 */
export async function readLogBytes(
  rootDir: string,
  ids: Iterable<ContainerId>,
): Promise<ReadonlyMap<ContainerId, number>> {
  const measured = await mapBounded([...ids], MOST_AT_ONCE, async (id) => {
    const folder = join(rootDir, "containers", id);
    const [json, local] = await Promise.all([
      sizesIn(folder, (name) => name.startsWith(`${id}-json.log`)),
      sizesIn(join(folder, "local-logs"), (name) => name.startsWith("container.log")),
    ]);
    const files = [...json, ...local];
    return files.length === 0 ? [] : [[id, files.reduce((total, bytes) => total + bytes, 0)] as const];
  });
  return new Map(measured.flat());
}

async function sizesIn(folder: string, isLog: (name: string) => boolean): Promise<number[]> {
  const names = await readdir(folder).catch((): string[] => []);
  // A file may be rotated away between the two looks.
  const sizes = names.filter(isLog).map((name) =>
    stat(join(folder, name)).then(
      ({ size }) => [size],
      () => [],
    ),
  );
  return (await Promise.all(sizes)).flat();
}
