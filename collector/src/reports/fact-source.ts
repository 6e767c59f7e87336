/** What of the store a report reads, and how it reads a whole list. */
import type { Page } from "@shipkeeper/protocol";
import type { Store } from "../store/store.ts";

export type FactSource = Pick<
  Store,
  | "hosts"
  | "containers"
  | "images"
  | "volumes"
  | "samples"
  | "rounds"
  | "runs"
  | "restorePoints"
  | "objectives"
  | "coverage"
  | "repositories"
  | "drills"
  | "logs"
  | "postMortems"
  | "findings"
  | "judgements"
  | "events"
  | "rollouts"
  | "availability"
  | "alerts"
  | "incidents"
>;

const PAGE = { limit: 500 } as const;
/** A list that grows while it is read still ends: a fleet of a million things is beyond one report. */
const MOST_PAGES = 2_000;

export async function everyPage<Item>(
  read: (page: { limit: number; cursor?: string | undefined }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let count = 0; count < MOST_PAGES; count += 1) {
    const page = await read({ ...PAGE, cursor });
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  return items;
}
