import type { DumpMade } from "../dump-program.ts";
import type { Instant } from "@shipkeeper/kit";
import type { HostId, HostLabels, ImageId, Inventory } from "@shipkeeper/model";
import type { Rung, Sign } from "../actions/restart/sign.ts";
import type { DatasetId } from "../dataset/dataset.ts";
import type { Proof } from "../dataset/proof.ts";
import type { Guardrails } from "../guardrails.ts";
import type { Exception } from "../language/policy.ts";
import type { Outside } from "./outside.ts";
import type { Signals } from "./signals.ts";
import type { RuleDay, StepCounts } from "./step-counts.ts";

/** A try to mend a container, as the ledger remembers it. */
export interface RestartAttempt {
  readonly at: Instant;
  /** `pending` until the container turned healthy, or did not in the time its health check needs. */
  readonly result: "pending" | "healed" | "failed";
  readonly rung: Rung;
  /** By what sign it was taken for sick. */
  readonly sign?: Sign | undefined;
  /** The image that it was made from then. */
  readonly imageId?: ImageId | undefined;
  /** Its process did not end when it was killed. */
  readonly why?: "unkillable" | undefined;
}

/** What a container was told of its end by one rule, and how far that rule has come with it. */
export interface Expiry {
  /** The rule's `ruleKey`. */
  readonly rule: string;
  readonly containerId: string;
  /** What its age counted from: it holds for this life of the container only. */
  readonly bornAt: Instant;
  readonly announcedAt: Instant;
  /** The end that its owner was told. */
  readonly endsAt: Instant;
  /** That the rule stopped it: when, and the end of its process by the engine's word, which tells this end from any other. */
  readonly stopped?: { readonly at: Instant; readonly finishedAt: Instant } | undefined;
}

/** The newest restore point of one dataset in one repository. */
export interface KnownRestorePoint {
  readonly id: string;
  /** When its data was read. */
  readonly at: Instant;
  readonly repository: string;
  readonly dataset: DatasetId;
  /** Of everything that it holds; absent where that was not measured. */
  readonly bytes?: number | undefined;
  /** The `ruleKey` of the backup rule that made it; absent for one that was made otherwise. */
  readonly rule?: string | undefined;
  readonly dump?: DumpMade | undefined;
  /** When its repository last listed it as a whole snapshot; absent while nobody asked since it was made. */
  readonly verifiedAt?: Instant;
}

/** What no container in any state refers to, and since when the agent saw it so. */
export interface Orphans {
  /** By name. */
  readonly volumes: ReadonlyMap<string, Instant>;
  /** By id. */
  readonly networks: ReadonlyMap<string, Instant>;
}

export const NO_ORPHANS: Orphans = { volumes: new Map(), networks: new Map() };

/** An image that a container ran, as the ledger remembers it. */
export interface PastImage {
  readonly imageId: ImageId;
  readonly lastRanAt: Instant;
}

/** The agent's lasting memory, as far as planners need it. What it knows of images stands in the inventory. */
export interface Ledger {
  /** When this memory began: nothing can be unused for longer than it exists. */
  readonly bornAt: Instant;
  /** Identity of a container (see `containerIdentity`) → its tries, oldest first. */
  readonly restarts: ReadonlyMap<string, readonly RestartAttempt[]>;
  /** What was done in the last 24 hours, for the guardrails' limits per day. */
  readonly lastDay: StepCounts;
  /** `ruleKey` → what that rule did in the last 24 hours, for its own limits per day. */
  readonly ruleDays: ReadonlyMap<string, RuleDay>;
  /** Identity of a container → the images that it ran, the latest first. */
  readonly pastImages: ReadonlyMap<string, readonly PastImage[]>;
  readonly orphans: Orphans;
  readonly restorePoints: readonly KnownRestorePoint[];
  /** The newest that passed and the newest that failed, for each repository, dataset and level. */
  readonly proofs: readonly Proof[];
  /** What rules told containers of their end, one for each rule and container. */
  readonly expiries: readonly Expiry[];
}

/** Everything that a planner may look at. */
export interface World {
  readonly now: Instant;
  readonly hostId: HostId;
  /** As `labelsOfHost` gives them: the host's name is one. */
  readonly hostLabels: HostLabels;
  readonly inventory: Inventory;
  readonly ledger: Ledger;
  readonly guardrails: Guardrails;
  /** Repositories that the host's configuration names: a policy can only pick among them. */
  readonly repositories: readonly string[];
  /** Containers that the agent itself runs in or started: never touched. */
  readonly self: readonly string[];
  /** What watching the host told beyond its inventory. */
  readonly signals: Signals;
  /** What was looked at beyond the host; left out where no due rule needs it. */
  readonly outside?: Outside | undefined;
  /** What is exempted from the rule at hand now. `planRound` fills it in for every rule; left out, nothing is. */
  readonly exceptions?: readonly Exception[] | undefined;
}
