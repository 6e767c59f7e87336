import type { Inventory } from "@shipkeeper/model";
import { reportState, type StateKind, type StateReport, type StateReportOptions } from "./report-state.ts";

/** Queues an inventory when it changed, not each time that somebody looked. */
export function reportInventory(options: StateReportOptions): StateReport<Inventory> {
  return reportState(INVENTORY, options);
}

const INVENTORY: StateKind<Inventory> = {
  name: "inventory-report",
  entry: (inventory) => ({ kind: "inventory", inventory }),

  /** Not the time of the look, nor what moves by itself between two looks. */
  steady({ takenAt: _takenAt, host, containers, images, ...rest }) {
    return {
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
  },
};

/** Looks list things in the order in which they changed last. */
function byId<T extends { readonly id: string }>(things: readonly T[]): T[] {
  return things.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
