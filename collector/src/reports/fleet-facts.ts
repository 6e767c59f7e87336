/**
 * What the fleet report is computed from: plain values about a fleet at one moment. `gather-facts.ts` fills it from
 * the store; tests write it by hand. Owner names are resolved, and reasons are already in words, because only the
 * gathering side may know the catalog of actions.
 */
import type { Instant } from "@shipkeeper/kit";
import type { ContainerState, HealthStatus } from "@shipkeeper/model";
import type { Severity } from "@shipkeeper/policy";
import type { IncidentFact } from "../figures/healing-figures.ts";
import type {
  ApiCoverage,
  ReportedAlert,
  ReportedDrill,
  ReportedLog,
  ReportedObjective,
  ReportedPostMortem,
} from "@shipkeeper/protocol";

export interface FleetFacts {
  /** Runs and steps are told from here on. */
  readonly since: Instant;
  /** A host that said nothing for this long is silent. */
  readonly silentAfterMs: number;
  readonly hosts: readonly HostFact[];
  readonly containers: readonly ContainerFact[];
  readonly images: readonly ImageFact[];
  readonly volumes: readonly VolumeFact[];
  readonly runs: readonly RunFact[];
  /** What the latest round of each host left alone. */
  readonly held: readonly HeldFact[];
  readonly waitingRules: readonly WaitingRuleFact[];
  readonly restorePoints: readonly RestorePointFact[];
  /** What was agreed for each dataset and how it stands, what breaks first coming first. */
  readonly objectives: readonly ReportedObjective[];
  /** How much of each owner's data is backed up. */
  readonly coverage: readonly CoverageFact[];
  readonly repositories: readonly RepositoryFact[];
  /** Of the collector's own database; undefined where these facts were cut to one owner. */
  readonly isCollectorBackedUp?: boolean | undefined;
  /** The newest of each dataset. */
  readonly drills: readonly ReportedDrill[];
  /** Logs that are written to, or burst. */
  readonly logs: readonly ReportedLog[];
  /** Newest first. */
  readonly postMortems: readonly ReportedPostMortem[];
  readonly compliance: ComplianceFacts;
  /** Of the last `FIGURE_DAYS`. */
  readonly availability: AvailabilityFacts;
  /** What fell ill in the same days, in the order in which it was detected. */
  readonly incidents: readonly IncidentFact[];
  /** Open now or resolved since `since`, the worst first. */
  readonly alerts: readonly AlertFact[];
  /** What agents could not do. */
  readonly troubles: readonly TroubleFact[];
  /** The newest revision of the policies, where it was halted. */
  readonly haltedRollout?: HaltedRolloutFact | undefined;
  /** Set where these facts were cut to one owner. */
  readonly owner?: string | undefined;
}

/** What is known at `now`; runs and steps are told from `since` on. */
export type GatherFacts = (since: Instant, now: Instant) => Promise<FleetFacts>;

export interface AlertFact extends ReportedAlert {
  readonly resolvedAt?: Instant | undefined;
}

export interface HostFact {
  /** The name that people know it by, unique in the fleet. */
  readonly host: string;
  readonly owner?: string | undefined;
  readonly lastSeenAt?: Instant | undefined;
  readonly agentVersion?: string | undefined;
  readonly policyRevision: number;
  /** What the images take at least: each one's own layers, and shared layers once. */
  readonly cacheBytes: number;
  /** Build cache that nothing uses at the moment. */
  readonly idleBuildCacheBytes: number;
  readonly disks: readonly DiskFact[];
}

export interface DiskFact {
  readonly path: string;
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** Earlier readings, oldest first; empty where none are kept for this disk. */
  readonly history: readonly { readonly at: Instant; readonly freeBytes: number }[];
}

export interface ContainerFact {
  readonly host: string;
  readonly id: string;
  readonly name: string;
  readonly owner?: string | undefined;
  readonly state: ContainerState;
  readonly health: HealthStatus;
  readonly unhealthySince?: Instant | undefined;
}

/** One image on one host. */
export interface ImageFact {
  readonly host: string;
  readonly id: string;
  readonly name: string;
  readonly owner?: string | undefined;
  readonly createdAt?: Instant | undefined;
  readonly sizeBytes: number;
  /** Bytes that would come free with it: layers that no other image of the host has. */
  readonly ownBytes: number;
  readonly base?: string | undefined;
  /** Names of the containers that refer to it, in whatever state … */
  readonly usedBy: readonly string[];
  /** … and of those the ones that run. */
  readonly runBy: readonly string[];
  /** Compliance checks that it fails. */
  readonly findings?: readonly string[];
  /** Since when no container refers to it, as far as the host's agent knows. */
  readonly unusedSince?: Instant | undefined;
}

export interface VolumeFact {
  readonly host: string;
  readonly name: string;
  readonly owner?: string | undefined;
  readonly anonymous: boolean;
  readonly sizeBytes?: number | undefined;
  /** How many containers refer to it. */
  readonly users: number;
}

export interface RunFact {
  readonly host: string;
  readonly action: string;
  readonly finishedAt: Instant;
  readonly freedBytes?: number | undefined;
  readonly measures: Readonly<Record<string, number>>;
  /** Of all its steps, also of those that are not told one by one. */
  readonly counts: StepCounts;
  readonly steps: readonly StepFact[];
}

export interface StepCounts {
  readonly done: number;
  readonly skipped: number;
  /** Also steps of which nobody knows how they ended. */
  readonly failed: number;
}

export interface StepFact {
  readonly target: string;
  readonly owner?: string | undefined;
  readonly decision: string;
  readonly status: "done" | "skipped" | "failed" | "unknown";
  readonly finishedAt: Instant;
  /** The plan's reason in words; empty where the plan is no longer known. */
  readonly because: string;
  readonly trouble?: string | undefined;
  readonly bytes?: number | undefined;
}

export interface HeldFact {
  readonly host: string;
  readonly action: string;
  /** `keep`, `wait`, `refuse` or `give-up`. */
  readonly decision: string;
  readonly why: string;
  readonly words: string;
  /** When the rule is going to end it, where it was told so. */
  readonly endsAt?: Instant | undefined;
  readonly target: { readonly type: string; readonly id: string; readonly name: string };
  readonly owner?: string | undefined;
}

export interface TroubleFact {
  readonly host: string;
  readonly at: Instant;
  readonly code: string;
  readonly message: string;
}

export interface HaltedRolloutFact {
  readonly revision: number;
  readonly by: string;
  readonly reasons: readonly string[];
}

export interface WaitingRuleFact {
  readonly host: string;
  readonly rule: string;
  readonly why: string;
}

export interface RestorePointFact {
  readonly host: string;
  readonly dataset: string;
  readonly owner?: string | undefined;
  readonly repository: string;
  readonly at: Instant;
  readonly bytes: number;
  /** What of it was new to the repository; absent where nobody told. */
  readonly addedBytes?: number | undefined;
}

export interface CoverageFact {
  readonly owner?: string | undefined;
  readonly state: ApiCoverage["state"];
  readonly count: number;
}

/** A repository as one host has it. */
export interface RepositoryFact {
  readonly host: string;
  readonly repository: string;
  readonly offsite: boolean;
  readonly isTroubled: boolean;
  readonly storedBytes?: number | undefined;
  readonly costPerGb?: number | undefined;
}

export interface ComplianceFacts {
  /** Of the fleet, or of the owner that the facts were cut to. */
  readonly score: ScoreFact | undefined;
  readonly owners: readonly (ScoreFact & { readonly owner: string | undefined })[];
  readonly findings: readonly FindingsFact[];
  readonly notJudged: readonly { readonly host: string; readonly why: string }[];
}

/** Availability and healing are told of so many days, whatever the rest of the report is about. */
export const FIGURE_DAYS = 30;

export interface AvailabilityFacts {
  readonly containers: readonly AvailabilityFact[];
  readonly services: readonly AvailabilityFact[];
  readonly hosts: readonly AvailabilityFact[];
}

export interface AvailabilityFact {
  readonly name: string;
  /** Of a container. */
  readonly host?: string | undefined;
  readonly owner?: string | undefined;
  readonly upMs: number;
  readonly downMs: number;
  readonly outages: number;
  readonly longestOutageMs: number;
  /** Absent where nothing was counted. */
  readonly met?: boolean | undefined;
  readonly isOfService: boolean;
}

export interface ScoreFact {
  /** Absent where nothing was judged. */
  readonly score: number | undefined;
  readonly open: number;
  /** One for each day that ended with a score, oldest first; the last is the newest of them. */
  readonly history: readonly { readonly day: Instant; readonly score: number }[];
}

/** Findings that are alike but for the thing that they are about. */
export interface FindingsFact {
  readonly check: string;
  readonly title: string;
  readonly severity: Severity;
  readonly owner: string | undefined;
  readonly isWaived: boolean;
  readonly count: number;
  /** The one of them that is there longest. */
  readonly example: { readonly host: string; readonly name: string; readonly says: string };
}

/** The same fleet as one owner sees it: their containers, images and volumes, and the hosts that hold any of them. */
export function cutToOwner(facts: FleetFacts, owner: string): FleetFacts {
  const theirs = <Thing extends { readonly owner?: string | undefined }>(things: readonly Thing[]) =>
    things.filter((thing) => thing.owner === owner);
  const containers = theirs(facts.containers);
  const images = theirs(facts.images);
  const volumes = theirs(facts.volumes);
  const ownBytesOn = (name: string) =>
    images.filter(({ host }) => host === name).reduce((sum, image) => sum + image.ownBytes, 0);
  const hosts = new Set([...containers, ...images, ...volumes].map((thing) => thing.host));

  return {
    ...facts,
    owner,
    hosts: facts.hosts
      .filter(({ host }) => hosts.has(host))
      .map((host) => ({ ...host, cacheBytes: ownBytesOn(host.host), idleBuildCacheBytes: 0 })),
    containers,
    images,
    volumes,
    // What a run freed was measured for the whole of it, so the share of one owner is only told step by step.
    runs: facts.runs
      .map((run) => ({ ...run, steps: theirs(run.steps) }))
      .map((run) => ({ ...run, freedBytes: undefined, measures: {}, counts: countSteps(run.steps) }))
      .filter((run) => run.steps.length > 0),
    held: theirs(facts.held),
    availability: {
      containers: theirs(facts.availability.containers),
      services: theirs(facts.availability.services),
      hosts: facts.availability.hosts.filter(({ name }) => hosts.has(name)),
    },
    incidents: facts.incidents.filter(({ incident }) => incident.owner === owner),
    // Policies are the matter of those who run the fleet.
    troubles: [],
    haltedRollout: undefined,
    waitingRules: facts.waitingRules.filter(({ host }) => hosts.has(host)),
    restorePoints: theirs(facts.restorePoints),
    objectives: theirs(facts.objectives),
    coverage: theirs(facts.coverage),
    // What a repository takes is not anybody's share.
    repositories: [],
    isCollectorBackedUp: undefined,
    drills: theirs(facts.drills),
    alerts: theirs(facts.alerts),
    logs: theirs(facts.logs),
    postMortems: theirs(facts.postMortems),
    compliance: {
      score: facts.compliance.owners.find((score) => score.owner === owner),
      owners: [],
      findings: theirs(facts.compliance.findings),
      notJudged: facts.compliance.notJudged.filter(({ host }) => hosts.has(host)),
    },
  };
}

export function countSteps(steps: readonly Pick<StepFact, "status">[]): StepCounts {
  const count = (...statuses: StepFact["status"][]) =>
    steps.filter(({ status }) => statuses.includes(status)).length;
  return { done: count("done"), skipped: count("skipped"), failed: count("failed", "unknown") };
}
