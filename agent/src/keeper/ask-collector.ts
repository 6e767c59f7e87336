/** What the collector knows of restore points that a repository does not say itself: what is proven, and how large it is. */
import { readFileSync } from "node:fs";
import { MINUTE_MS } from "@shipkeeper/kit";
import type { Proof, RestorePointSize } from "@shipkeeper/policy";
import {
  restorePointsPageSchema,
  verificationsPageSchema,
  type ApiVerification,
  type Page,
} from "@shipkeeper/protocol";
import type * as z from "zod";

export interface KnownOfRepository {
  /** By host. */
  readonly proofs: ReadonlyMap<string, readonly Proof[]>;
  /** By id of the restore point. */
  readonly sizes: ReadonlyMap<string, RestorePointSize>;
}

export type AskCollector = (repository: string, signal: AbortSignal) => Promise<KnownOfRepository>;

/** Ten thousands of restore points. */
const MOST_PAGES = 200;

export function askCollector({ url, tokenFile }: { url: string; tokenFile: string }): AskCollector {
  async function read<Item>(
    what: string,
    repository: string,
    { page, signal }: { page: z.ZodType<Page<Item>>; signal: AbortSignal },
  ): Promise<Item[]> {
    const items: Item[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < MOST_PAGES; pages += 1) {
      const address = new URL(`/api/v1/${what}`, url);
      const query = { repository, limit: "500", ...(cursor !== undefined && { cursor }) };
      address.search = new URLSearchParams(query).toString();
      const token = readFileSync(tokenFile, "utf8").trim();
      const answer = await fetch(address, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.any([signal, AbortSignal.timeout(MINUTE_MS)]),
      });
      if (!answer.ok) throw new Error(`the collector answered ${answer.status} when asked for ${what}`);
      const { items: more, nextCursor } = page.parse(await answer.json());
      items.push(...more);
      if (nextCursor === undefined) return items;
      cursor = nextCursor;
    }
    throw new Error(`the collector's list of ${what} has no end`);
  }

  return async (repository, signal) => {
    const verifications = await read("verifications", repository, { page: verificationsPageSchema, signal });
    const points = await read("restore-points", repository, { page: restorePointsPageSchema, signal });
    const byHost = Map.groupBy(verifications, ({ hostId }) => hostId);
    return {
      proofs: new Map(Array.from(byHost, ([hostId, rungs]) => [hostId, rungs.flatMap(proofsOf)])),
      sizes: new Map(points.map(({ id, bytes, files }) => [id, { bytes, files }])),
    };
  };
}

/** The collector tells which restore point the last look was at, and of the one before only when it was. */
function proofsOf(rung: ApiVerification): Proof[] {
  const { level, repository, dataset, restorePoint, passed, message, passedAt, failedAt } = rung;
  const what = { level, repository, ...(dataset !== undefined && { dataset }) };
  const last = {
    ...(restorePoint !== undefined && { restorePoint }),
    ...(message !== undefined && { message }),
  };
  return [
    ...(passedAt === undefined ? [] : [{ ...what, ...(passed && last), at: passedAt, passed: true }]),
    ...(failedAt === undefined ? [] : [{ ...what, ...(!passed && last), at: failedAt, passed: false }]),
  ];
}
