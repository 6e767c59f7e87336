/**
 * Takes a batch of a host's entries, each exactly once, and says what is safe to forget on the host. Owns the rules of
 * sequence numbers; what an entry means is `store-entry.ts`, who sent it was settled before.
 */
import { InvalidInput, errorChain, type Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { MOST_BATCH_ENTRIES, batchSchema, decodeEntry, type Batch, type Receipt } from "@shipkeeper/protocol";
import type { Frame, Logger } from "@shipkeeper/runtime";
import type { Store } from "../store/store.ts";
import { cleanJson } from "./clean-json.ts";
import { storeEntry, type Origin } from "./store-entry.ts";

/** How many entries of a batch were stored, were known already, or will never be accepted. */
export interface IngestCounts {
  stored: number;
  known: number;
  rejected: number;
}

export interface Ingest {
  /**
   * All of the batch is on disk when this returns. Throws `InvalidInput` for what is no batch, and `EpochOwned` or
   * `TooManyEpochs` without storing anything.
   */
  (hostId: HostId, frame: Frame, receivedAt: Instant): { receipt: Receipt; counts: IngestCounts };
}

export interface IngestDeps {
  readonly store: Store;
  /** What a receipt says of policies to a host that holds a revision. */
  readonly policyNews: (
    hostId: HostId,
    held: number,
    now: Instant,
  ) => Pick<Receipt, "policyRevision" | "haltedRevision">;
  /** What a receipt says of the fleet to every host. */
  readonly fleetNews: () => Pick<Receipt, "sickImages">;
  readonly log: Logger;
}

export function createIngest({ store, policyNews, fleetNews, log }: IngestDeps): Ingest {
  return (hostId, frame, receivedAt) => {
    const batch = decodeBatch(frame.head);
    const counts = { stored: 0, known: 0, rejected: 0 };
    const receipt = store.transaction(() =>
      takeBatch(batch, { hostId, receivedAt, blobs: frame.blobs }, counts),
    );
    return { receipt, counts };
  };

  function takeBatch(
    batch: Batch,
    { hostId, receivedAt, blobs }: { hostId: HostId; receivedAt: Instant; blobs: readonly Uint8Array[] },
    counts: IngestCounts,
  ): Receipt {
    const { epoch, after, entries } = batch;
    store.epochs.claim(epoch, hostId, receivedAt);
    store.hosts.recordStatus(hostId, batch.status);
    // Before the entries: what they tell of happened since.
    store.rollouts.noteTaken(hostId, batch.status.policyRevision, receivedAt);

    const fresh = entries.filter(({ seq }) => !store.epochs.isSettled(epoch, seq));
    counts.known = entries.length - fresh.length;
    for (const { seq, body } of fresh) {
      const refusal = takeEntry({ hostId, epoch, seq, receivedAt }, body, blobs);
      if (refusal === undefined) counts.stored += 1;
      else {
        counts.rejected += 1;
        store.epochs.reject({ epoch, seq, receivedAt, ...refusal });
      }
    }

    // A batch speaks for every number from `after` to its last: those it does not have were dropped, and declared so.
    // Numbers up to `after` that never came stay unsettled: they would still be stored, and until then they are missing.
    const sent = { first: entries[0]?.seq ?? after + 1, last: entries.at(-1)?.seq ?? after };
    if (entries.length > 0)
      store.epochs.settle(epoch, { first: Math.min(after + 1, sent.first), last: sent.last });
    // The reply to an earlier batch may be lost: what was refused of it is named again until `after` is past it.
    const settled = {
      first: Math.min(after + 1, sent.first),
      last: store.epochs.settledThrough(epoch, after),
    };
    const rejected = store.epochs.rejectedIn(epoch, settled, MOST_REJECTED);
    const lastNamed = rejected.length === MOST_REJECTED ? rejected.at(-1)?.seq : undefined;
    return {
      epoch,
      ackedThrough: lastNamed ?? settled.last,
      rejected,
      serverTime: receivedAt,
      ...policyNews(hostId, batch.status.policyRevision, receivedAt),
      ...fleetNews(),
    };
  }

  /** Stores the entry, or says why it never can be: one that is no good must not hold up its neighbours. */
  function takeEntry(
    origin: Origin,
    body: unknown,
    blobs: readonly Uint8Array[],
  ): { code: string; message: string } | undefined {
    try {
      const decoded = decodeEntry(cleanJson(body));
      if ("problems" in decoded) return { code: "undecodable", message: brief(decoded.problems.join("; ")) };
      store.transaction(() => storeEntry(store, origin, decoded.entry, blobs));
      return undefined;
    } catch (error) {
      if (error instanceof InvalidInput) return { code: "invalid", message: brief(errorChain(error)) };
      if (isAboutTheDisk(error)) throw error;
      log.error({ error, ...origin }, "an entry could not be stored and is refused");
      return { code: "not_storable", message: "the collector could not store it; its log tells why" };
    }
  }
}

function decodeBatch(head: unknown): Batch {
  const parsed = batchSchema.safeParse(head);
  if (parsed.success) return parsed.data;
  throw new InvalidInput(
    "this is no batch",
    parsed.error.issues.slice(0, MOST_PROBLEMS).map((issue) => `${issue.path.join(".")}: ${issue.message}`),
    { cause: parsed.error },
  );
}

const MOST_PROBLEMS = 20;
/** In one receipt, which then reaches no further than to the last of them: what it does not name was stored. */
const MOST_REJECTED = 2 * MOST_BATCH_ENTRIES;
const MOST_MESSAGE_LENGTH = 1_000;

function brief(text: string): string {
  return text.slice(0, MOST_MESSAGE_LENGTH);
}

/** Errors of SQLite that a single value can cause; every other one says that nothing can be stored at present. */
const CAUSED_BY_A_VALUE = /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE|ERROR)/;

function isAboutTheDisk(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" && code.startsWith("SQLITE_") && !CAUSED_BY_A_VALUE.test(code);
}
