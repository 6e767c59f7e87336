/** Since when the engine answers without a break: what it says of health is worth little right after it came up. */
import { statSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock, Instant } from "@shipkeeper/kit";
import type { EngineAddress } from "@shipkeeper/docker";
import type { Inventory } from "@shipkeeper/model";

export interface WatchEngineOptions {
  readonly clock: Clock;
  readonly hostUpSince: Instant;
  /** When the engine's process came up, where this host can tell. */
  readonly engineBegan: () => Instant | undefined;
}

export interface EngineWatch {
  /** Its event stream broke. */
  broke(): void;
  look(inventory: Inventory): void;
  /** Undefined while it is not known, or does not answer. */
  upSince(): Instant | undefined;
}

export function watchEngine({ clock, hostUpSince, engineBegan }: WatchEngineOptions): EngineWatch {
  let upSince: Instant | undefined;
  /** Looks from before tell nothing of what is now. */
  let brokeAt: Instant | undefined;

  return {
    broke() {
      upSince = undefined;
      brokeAt = clock();
    },
    look({ engine, takenAt }) {
      if (engine === undefined) {
        upSince = undefined;
        brokeAt ??= takenAt;
      } else if (upSince === undefined && takenAt >= (brokeAt ?? takenAt)) {
        // An agent that has just begun did not see the engine come up, and asks the host when that was.
        const began = brokeAt === undefined ? Math.max(hostUpSince, engineBegan() ?? takenAt) : takenAt;
        upSince = Math.min(began, clock());
      }
    },
    upSince: () => upSince,
  };
}

/**
 * When the engine behind a local socket came up: it makes its socket and its pid file then. Where systemd made the
 * socket before it, the pid file is the younger of the two. Undefined for an engine elsewhere.
 */
export function engineBeganAt(address: EngineAddress): Instant | undefined {
  if (!("socketPath" in address)) return undefined;
  const files = [address.socketPath, join(dirname(address.socketPath), "docker.pid")];
  const made = files.flatMap((file) => statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? []);
  return made.length === 0 ? undefined : Math.floor(Math.max(...made));
}
