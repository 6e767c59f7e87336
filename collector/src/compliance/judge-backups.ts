/** Holds what one host's backups are known to be to what the policies in force promise. */
import type { Instant } from "@shipkeeper/kit";
import { resolveOwners, type HostId, type Labels } from "@shipkeeper/model";
import {
  agreementsOf,
  judgeCoverage,
  judgeObjective,
  ownersFor,
  readDatasetId,
  type Covered,
  type Policy,
  type PolicyBundle,
} from "@shipkeeper/policy";
import { knownHost } from "../known-host.ts";
import { severityOf } from "../severity-label.ts";
import type { JudgedObjective } from "../store/objectives.ts";
import type { Store } from "../store/store.ts";

/** What of a host can be restored, and how well what was promised for it can be kept. */
export interface JudgedBackups {
  readonly coverage: readonly Covered[];
  readonly objectives: readonly JudgedObjective[];
}

/** Undefined where too little is known of the host to say what it was promised: then what was judged before stays. */
export function judgeBackups(
  store: Store,
  { hostId, policies, bundle }: { hostId: HostId; policies: readonly Policy[]; bundle: PolicyBundle },
  now: Instant,
): JudgedBackups | undefined {
  const facts = store.planningFacts.of(hostId);
  const known = facts && knownHost(facts);
  if (known === undefined || "why" in known) return undefined;

  const { standing } = known;
  const inventory = resolveOwners(known.inventory, ownersFor(bundle, standing.hostLabels));
  const scene = { ...standing, now, hostId, inventory };
  const agreed = agreementsOf(policies, scene);
  const points = Map.groupBy(store.restorePoints.of(hostId), ({ dataset }) => dataset);
  const proofs = store.verifications.of(hostId);
  const repositories = store.repositories.of(hostId);
  const offsite = new Set(repositories.flatMap(({ name, offsite: isOffsite }) => (isOffsite ? [name] : [])));
  const labels = new Map<string, Labels>(inventory.volumes.map((volume) => [volume.name, volume.labels]));
  const objectives = agreed.map(({ agreement, owner }) => {
    const { dataset } = agreement;
    return {
      objective: judgeObjective(agreement, { points: points.get(dataset) ?? [], proofs, offsite }, now),
      owner,
      severity: severityOf(labels.get(readDatasetId(dataset)?.name ?? "") ?? {}),
    };
  });
  return { coverage: judgeCoverage(policies, scene), objectives };
}
