/** Brings one decoded entry to where its kind is kept. May be repeated with the same entry: nothing changes then. */
import { InvalidInput, unreachable, type Instant } from "@shipkeeper/kit";
import {
  digestsHeld,
  isComplete,
  type Epoch,
  type HostId,
  type Inventory,
  type InventorySection,
} from "@shipkeeper/model";
import { actionKind, type Measures, type Outcome } from "@shipkeeper/policy";
import {
  decodeSampleGroup,
  drillReceiptSchema,
  drillReceiptText,
  type Entry,
  type EntryOf,
} from "@shipkeeper/protocol";
import { verifySignature } from "@shipkeeper/runtime";
import type { Store } from "../store/store.ts";
import { cleanJson } from "./clean-json.ts";

/** Where an entry came from. */
export interface Origin {
  readonly hostId: HostId;
  readonly epoch: Epoch;
  readonly seq: number;
  readonly receivedAt: Instant;
}

/** Throws `InvalidInput` where the entry decodes and still makes no sense. */
export function storeEntry(store: Store, origin: Origin, entry: Entry, blobs: readonly Uint8Array[]): void {
  const { hostId } = origin;
  switch (entry.kind) {
    case "samples":
      return storeSamples(store, origin, entry, blobs);
    case "inventory":
      return storeInventory(store, origin, entry.inventory);
    case "standing":
      return store.hosts.recordStanding(hostId, entry);
    case "round":
      store.rounds.record(hostId, entry.round);
      return store.rollouts.noteTrips(hostId, entry.round);
    case "run-started":
      return store.runs.recordStart(hostId, entry);
    case "run-finished":
      store.runs.recordFinish(hostId, entry, measure(entry.action, entry.outcome));
      return;
    case "restore-points":
      return store.restorePoints.merge(hostId, entry);
    case "repositories":
      return store.repositories.merge(hostId, entry);
    case "drill":
      return storeDrill(store, origin, entry.receipt);
    case "availability":
      return store.availability.record(hostId, entry);
    case "incident":
      return store.incidents.record(hostId, entry);
    case "log-watch":
      return store.logs.merge(hostId, entry);
    case "event": {
      const { at, what, subject, facts } = entry;
      return store.events.record(origin, { kind: "event", at, what, subject, message: "", facts });
    }
    case "post-mortem":
      return store.postMortems.record(origin, entry);
    case "trouble": {
      const { at, code, message } = entry;
      return store.events.record(origin, { kind: "trouble", at, what: code, message, facts: {} });
    }
    case "dropped": {
      const { at, lane, count, why } = entry;
      const message = `${count} entries of lane ${lane} were given up: ${why}`;
      return store.events.record(origin, { kind: "dropped", at, what: why, message, facts: { lane, count } });
    }
    case "proof":
      return store.verifications.record(hostId, entry.proof);
    case "order-progress":
      return store.orders.recordProgress(hostId, entry);
    case "unknown":
      return store.unknownEntries.keep(origin, entry.raw);
    default:
      return unreachable(entry);
  }
}

function storeSamples(
  store: Store,
  origin: Origin,
  { head, blob }: EntryOf<"samples">,
  blobs: readonly Uint8Array[],
): void {
  const body = blobs[blob];
  if (body === undefined) throw new InvalidInput(`the batch has no bytes at place ${blob}`, []);
  try {
    decodeSampleGroup(head, body); // once now, so that no later reading of a series can stumble over it
  } catch (error) {
    throw new InvalidInput("the columns cannot be read", [], { cause: error });
  }
  store.samples.record(origin, head, body);
}

/** Only what the host signed with the key that it enrolled with counts as its receipt. */
function storeDrill(store: Store, { hostId }: Origin, signed: EntryOf<"drill">["receipt"]): void {
  const { payload, publicKey, signature } = signed;
  const isItsKey = store.hosts.keyOf(hostId)?.publicKey === publicKey;
  if (!isItsKey || !verifySignature(drillReceiptText(payload), signature, publicKey))
    throw new InvalidInput("the receipt of a drill is not signed with its host's key", []);
  const receipt = drillReceiptSchema.parse(cleanJson(JSON.parse(payload)));
  if (receipt.hostId !== hostId) throw new InvalidInput("the receipt of a drill is another host's", []);
  store.drills.record(receipt, signed);
}

function storeInventory(store: Store, { hostId, receivedAt }: Origin, inventory: Inventory): void {
  const { takenAt } = inventory;
  const list = <Row>(section: InventorySection, rows: readonly Row[]) => ({
    hostId,
    section,
    takenAt,
    whole: isComplete(inventory, section),
    rows,
  });
  const ownerOf = store.owners.resolverOf(hostId);

  store.hosts.recordInventory(hostId, inventory);
  store.containers.merge(list("containers", inventory.containers), ownerOf);
  store.images.merge(list("images", inventory.images), ownerOf);
  store.volumes.merge(list("volumes", inventory.volumes), ownerOf);
  store.networks.merge(list("networks", inventory.networks));
  store.heldDigests.note(digestsHeld(inventory), { hostId, takenAt, receivedAt });
}

/** No figures where the kind is newer than this collector, or its figures do not fit: the outcome itself is kept. */
function measure(action: string, outcome: Outcome): Measures {
  try {
    return actionKind(action)?.measure(outcome) ?? {};
  } catch {
    return {};
  }
}
