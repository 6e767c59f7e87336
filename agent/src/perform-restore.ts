/** A restore by a signed order: what root may do on the host, within the guardrails, and never out of the cell. */
import type { Clock } from "@shipkeeper/kit";
import type { Engine } from "@shipkeeper/docker";
import type { HostId } from "@shipkeeper/model";
import { leaveToBegin, openOrdered, type OrderSurroundings } from "./open-ordered.ts";
import { restoreInPlace } from "./restore/in-place.ts";
import { restoreInto } from "./restore/restore.ts";
import type { SwapJournal } from "./restore/swap-journal.ts";
import type { Performer } from "./orders/performers.ts";

export interface RestoreSurroundings extends OrderSurroundings {
  readonly engine: Engine;
  readonly journal: SwapJournal;
  readonly hostId: () => HostId | undefined;
  readonly self: readonly string[];
  /** Takes a container in hand: what lets go, or undefined while another work has it. */
  readonly hold: (container: string) => (() => void) | undefined;
  readonly clock: Clock;
}

export function performRestore(surroundings: RestoreSurroundings): Performer<"restore"> {
  const { engine, journal, hostId, self, hold, clock } = surroundings;
  return async (what, { onProgress, signal }) => {
    const guardrails = leaveToBegin(surroundings);
    const restic = await openOrdered(surroundings, what.repository);

    const { dataset, at, sourceHostId } = what;
    const restorePoint = what.restorePoint ?? {
      dataset: dataset ?? "",
      at,
      hostId: sourceHostId ?? hostId(),
    };
    const common = { restic, restorePoint, onProgress, signal, engine };
    if (what.into !== undefined) {
      const volume = await restoreInto({ ...common, volume: what.into, files: what.files });
      return `volume ${volume.name} is restored`;
    }
    const inPlace = { journal, clock, guardrails, hostId: hostId() ?? "", self, hold };
    const swap = await restoreInPlace({ ...common, ...inPlace });
    return `${swap.dataset} is restored; \`shipkeeper-agent restore --undo ${swap.id}\` on the host puts back what was`;
  };
}
