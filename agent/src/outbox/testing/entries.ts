import { encodeSampleGroup, type EntryOf } from "@shipkeeper/protocol";
import type { Inventory } from "@shipkeeper/model";

/** Small entries that tests tell apart by a name. */

export function eventOf(what: string): EntryOf<"event"> {
  return { kind: "event", at: 0, what, facts: {} };
}

export function samplesOf(from: number): EntryOf<"samples"> {
  return { kind: "samples", head: encodeSampleGroup({ times: [from], series: [] }).head, blob: 0 };
}

export function inventoryOf(hostname: string): EntryOf<"inventory"> {
  return { kind: "inventory", inventory: emptyInventory(hostname) };
}

export function emptyInventory(hostname: string): Inventory {
  return {
    takenAt: 0,
    host: {
      hostname,
      kernel: "6.1",
      operatingSystem: "Debian 12",
      architecture: "x86_64",
      cpus: 2,
      memoryBytes: 1e9,
      disks: [],
    },
    containers: [],
    images: [],
    volumes: [],
    networks: [],
    buildCache: [],
    gaps: [],
  };
}
