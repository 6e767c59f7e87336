/** A restore by a signed order: what root may do on the host, within the guardrails, and never out of the cell. */
import type { Clock } from "@shipkeeper/kit";
import type { Engine } from "@shipkeeper/docker";
import type { HostId } from "@shipkeeper/model";
import { openRestic, type Repositories } from "@shipkeeper/restic";
import { restoreInPlace } from "./restore/in-place.ts";
import { RestoreRefused } from "./restore/refused.ts";
import { restoreInto } from "./restore/restore.ts";
import type { SwapJournal } from "./restore/swap-journal.ts";
import { stopFilePresent, type GuardrailsState } from "./steward/guardrails-file.ts";
import type { Performer } from "./orders/performers.ts";

export interface RestoreSurroundings {
  readonly engine: Engine;
  readonly repositories: Repositories;
  readonly cacheDir: string;
  readonly guardrails: () => GuardrailsState;
  readonly journal: SwapJournal;
  readonly hostId: () => HostId | undefined;
  readonly self: readonly string[];
  readonly clock: Clock;
}

export function performRestore(surroundings: RestoreSurroundings): Performer {
  const { engine, repositories, cacheDir, journal, hostId, self, clock } = surroundings;
  return async (what, { onProgress, signal }) => {
    const now = surroundings.guardrails();
    if (now.state === "broken") throw new RestoreRefused(`the guardrails cannot be read: ${now.problem}`);
    if (stopFilePresent(now.guardrails.stopFile))
      throw new RestoreRefused(`${now.guardrails.stopFile} is there: nothing is begun on this host`);
    const chosen = Object.entries(repositories).filter(
      ([name]) => what.repository === undefined || name === what.repository,
    );
    if (chosen.length === 0)
      throw new RestoreRefused(`this host knows no repository ${what.repository ?? "at all"}`);
    const restic = await openRestic({ repositories: Object.fromEntries(chosen), cacheDir });
    if (restic === undefined) throw new RestoreRefused("there is no restic on this host");

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
    const { guardrails } = now;
    const inPlace = { journal, clock, guardrails, hostId: hostId() ?? "", self };
    const swap = await restoreInPlace({ ...common, ...inPlace });
    return `${swap.dataset} is restored; \`shipkeeper-agent restore --undo ${swap.id}\` on the host puts back what was`;
  };
}
