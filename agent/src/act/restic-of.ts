import { ResticProblem, type Restic } from "@shipkeeper/restic";
import type { ActContext } from "./action-context.ts";

/** Throws `ResticProblem` on a host that has none: its step fails, and says why. */
export function resticOf({ restic }: Pick<ActContext, "restic">): Restic {
  if (restic !== undefined) return restic;
  throw new ResticProblem("restic_failed", "there is no restic on this host");
}
