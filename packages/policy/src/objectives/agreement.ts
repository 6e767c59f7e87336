/** What a backup rule promises for one dataset, and what is known of how well that can be kept. Values only. */
import type { Instant } from "@shipkeeper/kit";
import type { DatasetId } from "../dataset/dataset.ts";
import type { Proof } from "../dataset/proof.ts";

export interface Agreement {
  readonly dataset: DatasetId;
  /** The backup rule's `ruleKey`. */
  readonly rule: string;
  /** Where the rule keeps it. */
  readonly repositories: readonly string[];
  /** The most data, in time, that may be lost. */
  readonly rpoMs?: number | undefined;
  /** The longest that having it back may take. */
  readonly rtoMs?: number | undefined;
  /** How often the structure of its repositories is looked at. */
  readonly structureMs: number;
  /** Of this span every restore point is kept. */
  readonly keptMs: number;
}

/** A restore point as far as recovery goes by it. */
export interface PointFact {
  readonly id: string;
  readonly dataset: DatasetId;
  readonly repository: string;
  /** When reading its data began: what came later is not in it. */
  readonly at: Instant;
  /** What it holds, unpacked. */
  readonly bytes: number;
}

/** All that is known of one host's backups. */
export interface KnownBackups {
  readonly points: readonly PointFact[];
  /** Of each repository, dataset and level the newest that passed and the newest that failed; others do no harm. */
  readonly proofs: readonly Proof[];
  /** Repositories that a disaster at the host's own site leaves whole. */
  readonly offsite: ReadonlySet<string>;
}
