/** The lowest rung after a backup: does its repository list what was just made, and can it be what it says it is. */
import { isNewFailure, plausibility, type Proof } from "@shipkeeper/policy";
import type { RestorePoint } from "@shipkeeper/protocol";
import type { ActContext } from "./action-context.ts";

export interface MadeRestorePoint {
  readonly id: string;
  readonly dataset: string;
}

/** `listed` is what the repository holds by its own word, asked after the restore points were made. */
export function proveListed(
  repository: string,
  made: readonly MadeRestorePoint[],
  listed: readonly RestorePoint[],
  { proofs, prove, trouble, clock }: Pick<ActContext, "proofs" | "prove" | "trouble" | "clock">,
): void {
  for (const point of made) {
    const proof: Proof = { at: clock(), ...proofOf(repository, point, listed) };
    const isNews = isNewFailure(proof, proofs.all());
    prove(proof);
    if (isNews) {
      trouble(
        "restore_point_implausible",
        `restore point ${point.id.slice(0, 8)} of ${point.dataset} in repository ${repository} ${proof.message}`,
      );
    }
  }
}

function proofOf(
  repository: string,
  { id, dataset }: MadeRestorePoint,
  listed: readonly RestorePoint[],
): Omit<Proof, "at"> {
  const rung = { level: "listed", repository, dataset, restorePoint: id } as const;
  const point = listed.find((one) => one.id === id);
  if (point === undefined) return { ...rung, passed: false, message: "is not listed by its repository" };
  const earlier = listed
    .filter((one) => one.dataset === dataset && one.at < point.at)
    .toSorted((a, b) => a.at - b.at);
  const { plausible, message, facts } = plausibility(point, earlier);
  return { ...rung, passed: plausible, ...(message !== undefined && { message }), facts };
}
