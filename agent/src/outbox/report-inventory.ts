import { SECOND_MS, type Clock } from "@shipkeeper/kit";
import type { Inventory } from "@shipkeeper/model";
import { sha256Hex, type Service } from "@shipkeeper/runtime";
import type { Outbox } from "./outbox.ts";

export interface InventoryReportOptions {
  readonly outbox: Pick<Outbox, "append">;
  readonly clock: Clock;
  /** Told where an inventory could not be queued: the next look brings another. */
  readonly failed: (error: unknown) => void;
  /** Of two looks within this time only the later is told. */
  readonly leastMs?: number;
  /** After this an inventory is told again although nothing changed: figures that move all the time ride on it. */
  readonly resyncMs: number;
}

export interface InventoryReport extends Service {
  /** The newest look at the host. */
  look(inventory: Inventory): void;
}

/** Queues an inventory when it changed, not each time that somebody looked. */
export function reportInventory(options: InventoryReportOptions): InventoryReport {
  const { outbox, clock, failed, leastMs = 5 * SECOND_MS, resyncMs } = options;
  let told: { at: number; mark: string } | undefined;
  let latest: Inventory | undefined;
  let timer: NodeJS.Timeout | undefined;

  const tell = () => {
    timer = undefined;
    if (latest === undefined) return;
    const inventory = latest;
    const mark = markOf(inventory);
    latest = undefined;
    if (told?.mark === mark && clock() - told.at < resyncMs) return;
    try {
      outbox.append({ kind: "inventory", inventory });
      told = { at: clock(), mark };
    } catch (error) {
      failed(error);
    }
  };

  return {
    name: "inventory-report",
    look(inventory) {
      latest = inventory;
      const dueMs = told === undefined ? 0 : told.at + leastMs - clock();
      if (dueMs <= 0) tell();
      else timer ??= setTimeout(tell, dueMs);
    },
    stop() {
      clearTimeout(timer);
      tell();
      return Promise.resolve();
    },
  };
}

/** A hash of what counts as a change: not the time of the look, nor what moves by itself between two looks. */
function markOf(inventory: Inventory): string {
  const { takenAt: _takenAt, host, containers, images, ...rest } = inventory;
  const steady = {
    ...rest,
    host: { ...host, disks: host.disks.map(({ path, totalBytes }) => ({ path, totalBytes })) },
    containers: byId(containers).map(
      ({ health, writableBytes: _written, logBytes: _logged, ...container }) => ({
        ...container,
        health: { status: health.status, unhealthySince: health.unhealthySince },
      }),
    ),
    images: byId(images).map(({ memory: _memory, ...image }) => image),
  };
  return sha256Hex(JSON.stringify(steady));
}

/** Looks list things in the order in which they changed last. */
function byId<T extends { readonly id: string }>(things: readonly T[]): T[] {
  return things.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
