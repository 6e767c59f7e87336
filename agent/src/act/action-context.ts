/** What acting may use. The port that changes the host is in here and nowhere else in the agent. */
import type { Clock } from "@shipkeeper/kit";
import type { Container, Disk, HostId, RunId } from "@shipkeeper/model";
import type { Guardrails, ProbeState, Proof, Verdict } from "@shipkeeper/policy";
import type { Engine } from "@shipkeeper/docker";
import type { DrillReceipt, EntryOf, RestorePoint } from "@shipkeeper/protocol";
import type { Logger } from "@shipkeeper/runtime";
import type { IsDrill } from "./drill/scratch.ts";
import type { Expiries } from "../ledger/expiries.ts";
import type { FileSamples } from "../ledger/file-samples.ts";
import type { Journal } from "../ledger/journal.ts";
import type { Proofs } from "../ledger/proofs.ts";
import type { RestartAttempts } from "../ledger/restart-attempts.ts";
import type { RestorePoints } from "../ledger/restore-points.ts";
import type { OwnActs } from "../own-acts.ts";
import type { Quiesce } from "../quiesce/quiesce.ts";
import type { RegistryClient } from "../registry/registry-client.ts";
import type { Restic } from "@shipkeeper/restic";
import type { Claims } from "./claims.ts";
import type { KeepHostBundle } from "../keep-host-bundle.ts";
import type { HostLock } from "./host-lock.ts";

/** Why nothing more may be started, or undefined while it may. Asked before every step. */
export type HoldBack = () => "stopping" | "stop-file" | "guardrails-changed" | "policy-halted" | undefined;

export type Pause = (ms: number, options: { signal: AbortSignal }) => Promise<void>;

export interface ActContext {
  readonly runId: RunId;
  readonly hostId: HostId;
  /** The kind of what is done: `restart`, `prune`, … */
  readonly action: string;
  readonly policy: string;
  readonly rule: string;
  /** The rule's own keys; decoded by its kind. */
  readonly spec: unknown;
  readonly engine: Engine;
  readonly journal: Pick<Journal, "beginStep" | "endStep">;
  readonly restarts: RestartAttempts;
  readonly restorePoints: RestorePoints;
  /** What proved them so far; what proves them now goes through `prove`. */
  readonly proofs: Pick<Proofs, "all">;
  readonly expiries: Expiries;
  readonly fileSamples: FileSamples;
  /** Whether this agent has had a drill of that id: then what carries the id is the drill's. */
  readonly isDrill: IsDrill;
  /** Signs the receipt of a drill and has it told. Throws where it cannot be queued. */
  readonly fileReceipt: (receipt: DrillReceipt) => void;
  /** Undefined where this host has no restic. */
  readonly restic: Restic | undefined;
  /** Opens what looked secret in the configuration of a host, where root put it on this one. */
  readonly recoveryKey: () => string | undefined;
  /** By the names that the host's configuration gives them. */
  readonly registries: ReadonlyMap<string, RegistryClient>;
  readonly hostLock: HostLock;
  /** Who has which container in hand. */
  readonly claims: Claims;
  /** Tells what the agent does to a container from what somebody else does to it. */
  readonly ownActs: OwnActs;
  /** Has containers stand still for a while, and sees to it that they run again. */
  readonly quiesce: Pick<Quiesce, "hold">;
  /** Keeps what a container shows before a step destroys it. Never throws, and takes a few seconds at most. */
  readonly capture?: (container: Container, verdict: Verdict) => Promise<void>;
  /** How the probes of a container stand now; undefined where it has none. */
  readonly probesOf: (id: string) => readonly ProbeState[] | undefined;
  readonly holdBack: HoldBack;
  /** The host's own limits as they are now. */
  readonly guardrails: () => Guardrails;
  /** The engine's disk as it is now, with what was just deleted counted as free; undefined where it cannot be measured. */
  engineDisk(): Promise<Disk | undefined>;
  /** Aborts when the agent stops. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly pause: Pause;
  readonly log: Logger;
  /** Writes down what this host is made of: the folder, and the tags by which the host is found without its agent. */
  readonly keepHostBundle: KeepHostBundle;
  /** Tells the collector of something that a person may have to mend. */
  readonly trouble: (code: string, message: string) => void;
  /** Tells the collector of something that must not go unheard. Throws where it cannot be queued. */
  readonly tellEvent: (event: Pick<EntryOf<"event">, "what" | "subject" | "facts">) => void;
  /** Remembers what was found of a backup, good or bad, and tells the collector. Throws where it cannot be remembered. */
  readonly prove: (proof: Proof) => void;
  /** Tells the collector what a repository holds by its own word. */
  tellRestorePoints(repository: string, points: readonly RestorePoint[]): void;
}

/** What bringing a run to its end that a crash cut off may use. */
export type SettleContext = Pick<
  ActContext,
  | "runId"
  | "hostId"
  | "engine"
  | "restic"
  | "registries"
  | "restarts"
  | "expiries"
  | "signal"
  | "clock"
  | "pause"
  | "log"
>;
