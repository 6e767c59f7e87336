import type { Agreement } from "../objectives/agreement.ts";
import type { CoveringRule } from "./judge-coverage.ts";

/** What a rule promises for what it covers. */
export function agreementOf({ rule, dataset, repositories, spec }: CoveringRule): Agreement {
  const { rpo, drill, verify, keep } = spec;
  return {
    dataset,
    rule,
    repositories,
    rpoMs: rpo,
    rtoMs: drill?.rto,
    structureMs: verify.structure,
    keptMs: keep.within,
  };
}
