/**
 * What restores in place have begun and done, a file each: on disk before its effect, so that the next start settles what
 * was cut off; and kept afterwards for as long as the old content is, so that it can be put back.
 */
import { readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { containerIdSchema, instantSchema } from "@shipkeeper/model";
import { writeFileDurably } from "@shipkeeper/runtime";
import * as z from "zod";

const swapSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-z-]+$/),
  at: instantSchema,
  dataset: z.string(),
  /** The dataset's place, where containers expect it. */
  folder: z.string(),
  /** Where the content that is to be there waits. */
  incoming: z.string(),
  /** Where the content that was there is kept. */
  undo: z.string(),
  /** Those that are stopped for it, in the order in which they stop. */
  containers: z.array(z.object({ id: containerIdSchema, name: z.string() })),
  /**
   * `stopping`: nothing has moved. `swapping`: it may have. `starting`: the content is exchanged. `done`: its containers
   * run, and the old content can be put back.
   */
  phase: z.enum(["stopping", "swapping", "starting", "done"]),
  /** Where the content came from, for people. */
  source: z.string(),
  /** The restore point of what was there. */
  safety: z.string().optional(),
});
export type Swap = z.infer<typeof swapSchema>;

export type SwapJournal = ReturnType<typeof swapJournal>;

/** In a folder that only root enters; it need not exist yet. */
export function swapJournal(folder: string) {
  const fileOf = (id: string) => join(folder, `${id}.json`);
  return {
    folder,

    write(swap: Swap): void {
      writeFileDurably(fileOf(swap.id), `${JSON.stringify(swap, null, 2)}\n`, 0o600);
    },

    /** Oldest first. Throws where one cannot be read: a container may wait for it. */
    all(): Swap[] {
      const names = listed(folder).filter((name) => /^[0-9a-z-]+\.json$/.test(name));
      const swaps = names.map((name) =>
        swapSchema.parse(JSON.parse(readFileSync(join(folder, name), "utf8"))),
      );
      return swaps.sort((a, b) => a.at - b.at);
    },

    remove({ id }: Pick<Swap, "id">): void {
      rmSync(fileOf(id), { force: true });
    },
  };
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
