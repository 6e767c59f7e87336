import type { Verdict } from "../actions/action.ts";
import type { World } from "./world.ts";

/** A drill needs a repository that the host knows, and a restore point there. */
export function checkDrill({ target, expect }: Verdict, { repositories, ledger }: World): (string | false)[] {
  const repository = expect?.["repository"];
  const isThere = ledger.restorePoints.some(
    (point) => point.dataset === target.id && point.repository === repository,
  );
  return [
    !repositories.some((known) => known === repository) && "from an unknown repository",
    !isThere && "the repository has no restore point of it",
  ];
}

/** Rebuilding a host for a try needs a repository that this host knows, and another host. */
export function checkRebuild(
  { target, expect }: Verdict,
  { repositories, hostId, hostLabels }: World,
): (string | false)[] {
  const repository = expect?.["repository"];
  return [
    !repositories.some((known) => known === repository) && "from an unknown repository",
    (target.id === hostId || target.id === hostLabels["hostname"]) && "it is this very host",
  ];
}
