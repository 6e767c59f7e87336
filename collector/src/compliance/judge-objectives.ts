/** Holds what one host's backups are known to be to what the policies in force promise. */
import type { Instant } from "@shipkeeper/kit";
import { resolveOwners, type HostId, type Labels } from "@shipkeeper/model";
import {
  agreementsOf,
  judgeObjective,
  ownersFor,
  readDatasetId,
  type Policy,
  type PolicyBundle,
} from "@shipkeeper/policy";
import { knownHost } from "../known-host.ts";
import { severityOf } from "../severity-label.ts";
import type { JudgedObjective } from "../store/objectives.ts";
import type { Store } from "../store/store.ts";

/** Undefined where too little is known of the host to say what it was promised: then what was judged before stays. */
export function judgeObjectives(
  store: Store,
  { hostId, policies, bundle }: { hostId: HostId; policies: readonly Policy[]; bundle: PolicyBundle },
  now: Instant,
): JudgedObjective[] | undefined {
  if (!policies.some(({ rules }) => rules.some(({ kind }) => kind === "backup"))) return [];
  const facts = store.planningFacts.of(hostId);
  const known = facts && knownHost(facts);
  if (known === undefined || "why" in known) return undefined;

  const { standing } = known;
  const inventory = resolveOwners(known.inventory, ownersFor(bundle, standing.hostLabels));
  const agreed = agreementsOf(policies, { ...standing, now, hostId, inventory });
  const points = Map.groupBy(store.restorePoints.of(hostId), ({ dataset }) => dataset);
  const proofs = store.verifications.of(hostId);
  const repositories = store.repositories.of(hostId);
  const offsite = new Set(repositories.flatMap(({ name, offsite: isOffsite }) => (isOffsite ? [name] : [])));
  const labels = new Map<string, Labels>(inventory.volumes.map((volume) => [volume.name, volume.labels]));
  return agreed.map(({ agreement, owner }) => {
    const { dataset } = agreement;
    return {
      objective: judgeObjective(agreement, { points: points.get(dataset) ?? [], proofs, offsite }, now),
      owner,
      severity: severityOf(labels.get(readDatasetId(dataset)?.name ?? "") ?? {}),
    };
  });
}
