/** The tables as Kysely's reading queries see them; `migrations/` makes them. */
import type {
  BuildCacheRecord,
  Container,
  EngineFacts,
  Gap,
  HostFacts,
  HostId,
  HostLabels,
  Image,
  Network,
  Volume,
} from "@shipkeeper/model";
import type {
  Evidence,
  Finding,
  Incident,
  LogHour,
  Measures,
  Objective,
  Outcome,
  Proof,
  Round,
  Severity,
  WatchedLog,
} from "@shipkeeper/policy";
import type {
  AgentStatus,
  AlertKind,
  ApiCoverage,
  ApiEvent,
  DrillReceipt,
  Order,
  PostMortem,
  RepositoryState,
  RestorePoint,
  RolloutState,
} from "@shipkeeper/protocol";
import type { ColumnType } from "kysely";

declare const content: unique symbol;

/** JSON text of a `T`. Only the store writes such columns, out of values that their schemas had decoded. */
export type Json<T> = string & { readonly [content]: T };

/** What a host holds: rows of its lists, each with the time of the last list that had it. */
interface HeldTable<Body> {
  host_id: string;
  id: string;
  seen_at: number;
  body: Json<Body>;
}

export interface Tables {
  host: {
    id: string;
    hostname: string;
    labels: Json<HostLabels>;
    owner: string | null;
    public_key: string;
    agent_version: string;
    enrolled_at: number;
    revoked_at: number | null;
    last_seen_at: number | null;
    policy_revision: number;
    status: Json<AgentStatus> | null;
    facts: Json<HostFacts> | null;
    engine: Json<EngineFacts> | null;
    build_cache: Json<BuildCacheRecord[]> | null;
    gaps: Json<Gap[]>;
    inventory_at: number | null;
    standing: string | null;
    standing_at: number | null;
  };
  listing: { host_id: string; section: string; whole_at: number; seen_at: number };
  settled: { epoch: string; first_seq: number; last_seq: number };
  epoch: { id: string; host_id: string; opened_at: number };
  container: HeldTable<Container> & {
    name: string;
    image_id: string;
    owner: string | null;
    state: string;
    health: string;
    created_at: number | null;
  };
  image: HeldTable<Image> & {
    name: string;
    tagged: number;
    owner: string | null;
    size_bytes: number;
    created_at: number | null;
    unused_since: number | null;
    layers_key: string;
  };
  layer_prefixes: { layers_key: string; prefixes: Json<string[]> };
  volume: HeldTable<Volume> & { owner: string | null; size_bytes: number | null; users: number };
  network: HeldTable<Network>;
  watched_log: {
    host_id: string;
    container_id: string;
    seen_at: number;
    bytes_per_minute: number;
    bursts: number;
    body: Json<WatchedLog>;
  };
  log_hour: {
    host_id: string;
    container_id: string;
    hour: number;
    watched_since: number;
    name: string;
    bytes: number;
    matches: Json<LogHour["matches"]>;
  };
  round: { host_id: string; id: string; at: number; body: Json<Round> };
  run: {
    host_id: string;
    id: string;
    at: number;
    action: string;
    round_id: string | null;
    policy: string | null;
    rule: string | null;
    revision: number | null;
    mode: string | null;
    started_at: number | null;
    planned_steps: number;
    finished_at: number | null;
    ended: string | null;
    done: number;
    skipped: number;
    failed: number;
    unknown: number;
    freed_bytes: number | null;
    measures: Json<Measures>;
    outcome: Json<Outcome> | null;
  };
  restore_point: {
    host_id: string;
    repository: string;
    id: string;
    seen_at: number;
    dataset: string;
    at: number;
    bytes: number;
    body: Json<RestorePoint>;
  };
  repository: {
    host_id: string;
    name: string;
    seen_at: number;
    problem: string | null;
    body: Json<RepositoryState>;
  };
  signed_order: {
    id: string;
    host_id: string;
    issued_at: number;
    expires_at: number;
    posted_by: string;
    payload: Json<Order>;
    public_key: string;
    signature: string;
    state: string | null;
    message: string | null;
    at: number | null;
  };
  drill: {
    host_id: string;
    id: string;
    requested_at: number;
    dataset: string;
    repository: string;
    passed: number;
    rto_ms: number | null;
    rpo_ms: number | null;
    payload: Json<DrillReceipt>;
    public_key: string;
    signature: string;
  };
  coverage: {
    host_id: string;
    dataset: string;
    state: string;
    owner: string | null;
    body: Json<Pick<ApiCoverage, "users" | "rules" | "repositories" | "until" | "says">>;
  };
  objective: {
    host_id: string;
    rule: string;
    dataset: string;
    owner: string | null;
    severity: string | null;
    since: number;
    risk_from: number;
    unknown_from: number;
    broken_from: number;
    alert_from: number;
    body: Json<Objective>;
  };
  verification: {
    host_id: string;
    repository: string;
    dataset: string;
    level: string;
    at: number;
    passed_at: number | null;
    passed: Json<Proof> | null;
    failed_at: number | null;
    failed: Json<Proof> | null;
  };
  alert: {
    id: string;
    key: string;
    kind: AlertKind;
    severity: Severity;
    host_id: HostId | null;
    owner: string | null;
    subject: string;
    title: string;
    why: string;
    incident_id: string | null;
    opened_at: number;
    due_at: number;
    acknowledged_at: number | null;
    acknowledged_by: string | null;
    note: string | null;
    resolved_at: number | null;
    count: number;
    mailed_as: Severity | null;
    mailed_overdue: number;
  };
  incident: {
    rowid: ColumnType<number, never, never>;
    host_id: string;
    id: string;
    at: number;
    identity: string;
    container_id: string | null;
    name: string | null;
    image: string | null;
    image_id: string | null;
    owner: string | null;
    detected_at: number;
    closed_at: number | null;
    ended: string | null;
    handed_over_at: number | null;
    body: Json<Incident>;
  };
  event: {
    rowid: ColumnType<number, never, never>;
    epoch: string;
    seq: number;
    host_id: string;
    kind: string;
    at: number;
    received_at: number;
    what: string;
    subject_id: string | null;
    body: Json<Pick<ApiEvent, "subject" | "message" | "facts">>;
  };
  post_mortem: {
    number: number;
    host_id: string;
    id: string;
    at: number;
    received_at: number;
    trigger: string;
    container_id: string;
    name: string;
    identity: string;
    image: string;
    owner: string | null;
    sign: string | null;
    run_id: string | null;
    incident_id: string | null;
    exit_code: number | null;
    out_of_memory: number;
    exits_before: number;
    bytes: number;
    body: Json<PostMortem>;
  };
  finding: {
    host_id: string;
    code: string;
    subject_type: string;
    subject_id: string;
    subject_name: string;
    owner: string | null;
    severity: string;
    policy: string;
    evidence: Json<Evidence>;
    first_seen_at: number;
    last_seen_at: number;
    resolved_at: number | null;
    waived_until: number | null;
    waiver: Json<NonNullable<Finding["waived"]>> | null;
  };
  compliance_score: {
    scope: string;
    name: string;
    day: number;
    score: number | null;
    open: number;
    checked: number;
  };
  rollout: { revision: number; state: RolloutState };
  policy_revision: {
    revision: number;
    payload: string;
    public_key: string;
    signature: string;
    key_fingerprint: string;
    names: Json<string[]>;
    issued_at: number;
    expires_at: number;
    pushed_at: number;
    pushed_by: string;
  };
}
