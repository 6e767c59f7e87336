/**
 * What people must know of backups. One cause is one alert: what a repository's trouble does to the datasets in it is told
 * by the alert of the repository, and what befalls many datasets of one rule is told together.
 */
import { formatDuration, formatInstant, printable, type Instant } from "@shipkeeper/kit";
import {
  AT_RISK_SHARE,
  readDatasetId,
  SEVERITIES,
  stateAt,
  turnsOf,
  type Objective,
  type Severity,
} from "@shipkeeper/policy";
import { SILENT_AFTER_MS } from "@shipkeeper/protocol";
import type { FailedProof, RepositoryProblem } from "../store/backup-troubles.ts";
import type { KnownObjective } from "../store/objectives.ts";
import type { Condition } from "./conditions.ts";
import { RESPONSE_MS } from "./settle-alerts.ts";

export interface BackupWord {
  /** Those whose data is nearly as old as may be, or older. */
  readonly objectives: readonly KnownObjective[];
  readonly problems: readonly RepositoryProblem[];
  /** Of each host, repository, dataset and level the newest, where it failed. */
  readonly failedProofs: readonly FailedProof[];
}

export function backupConditions(word: BackupWord, now: Instant): Condition[] {
  const problems = [...word.problems, ...word.failedProofs.flatMap((proof) => damageFound(proof) ?? [])];
  const behind = word.objectives.flatMap((watched) => behindOf(watched, problems, now) ?? []);
  return [
    ...problems.map((problem) => repositoryCondition(problem, behind)),
    ...rpoConditions(
      behind.filter(({ isExplained }) => !isExplained),
      now,
    ),
    ...word.failedProofs.filter(({ dataset }) => dataset !== undefined).map(proofCondition),
  ];
}

/** A repository that was looked at and found broken has the same trouble as one whose agent stumbled over it. */
function damageFound({ dataset, repository, message = "", at, ...proof }: FailedProof) {
  if (dataset !== undefined) return undefined;
  const { hostId, host, owner } = proof;
  const found = { code: "repository_damaged", message, since: at };
  return { hostId, host, owner, repository, offsite: false, ...found } satisfies RepositoryProblem;
}

/** A dataset whose newest good restore point is too old, or will be soon. */
interface Behind {
  readonly watched: KnownObjective;
  readonly isBroken: boolean;
  readonly severity: Severity;
  /** No repository that it may lie in works: then theirs is the alert. */
  readonly isExplained: boolean;
  /** Those of its repositories that do not work. */
  readonly causes: readonly RepositoryProblem[];
  readonly says: string;
}

function behindOf(
  watched: KnownObjective,
  problems: readonly RepositoryProblem[],
  now: Instant,
): Behind | undefined {
  const { hostId, since, objective } = watched;
  const { repositories, offsite, rpoMs = 0, vouched, dataset } = objective;
  const turns = turnsOf(objective, since);
  const parts = [
    { turns: turns.rpo, where: repositories, newest: vouched, of: "" },
    {
      turns: turns.offsiteRpo,
      where: offsite?.repositories ?? [],
      newest: offsite?.vouched,
      of: "off-site ",
    },
  ]
    .map((part) => ({ ...part, state: part.turns && stateAt(part.turns, now) }))
    .filter(({ state }) => state === "broken" || state === "at-risk");
  // What holds of all copies holds of those elsewhere: it is said once.
  const [worst] = parts;
  if (worst === undefined) return undefined;

  const isBroken = parts.some(({ state }) => state === "broken");
  const isEverywhere = worst.of === "" && worst.state === "broken";
  const causes = problems.filter(
    (problem) => problem.hostId === hostId && parts.some(({ where }) => where.includes(problem.repository)),
  );
  const fails = new Set(causes.map(({ repository }) => repository));
  const newest =
    worst.newest === undefined
      ? `there is no good ${worst.of}restore point`
      : `the newest good ${worst.of}restore point is of ${formatInstant(worst.newest.at)}, in ${worst.newest.repository}`;
  return {
    watched,
    isBroken,
    severity: watched.severity ?? severityOf(objective, { isBroken, isEverywhere }, now),
    isExplained: parts.every(({ where }) => where.every((repository) => fails.has(repository))),
    causes,
    says: `${dataset}: ${newest}; ${formatDuration(rpoMs)} may be lost`,
  };
}

/**
 * Where nothing good is left, or twice as much would be lost as was agreed, that is what every minute makes worse. Before
 * the span is over, a medium alert will do where its four hours are enough to save it.
 */
function severityOf(
  { rpoMs = 0, vouched }: Objective,
  { isBroken, isEverywhere }: { isBroken: boolean; isEverywhere: boolean },
  now: Instant,
): Severity {
  if (!isBroken) return rpoMs - AT_RISK_SHARE * rpoMs >= RESPONSE_MS.medium ? "medium" : "high";
  const isLost = vouched === undefined || now - vouched.at > 2 * rpoMs;
  return isEverywhere && isLost ? "critical" : "high";
}

/** What the datasets of one rule and owner have in common is one thing to mend. */
function rpoConditions(behind: readonly Behind[], now: Instant): Condition[] {
  const groups = Map.groupBy(behind, ({ watched }) =>
    [watched.hostId, watched.objective.rule, watched.owner ?? ""].join("/"),
  );
  return [...groups].flatMap(([key, members]) => {
    const [first] = members;
    if (first === undefined) return [];
    const { hostId, host, owner, objective } = first.watched;
    const isBroken = members.some((one) => one.isBroken);
    const rule = objective.rule.slice(objective.rule.indexOf("/") + 1);
    const what = members.length === 1 ? nameOf(objective.dataset) : `${members.length} datasets of ${rule}`;
    const causes = new Set(
      members.flatMap((one) => one.causes.map(({ repository, code }) => `${repository} (${code})`)),
    );
    const { lastSeenAt } = first.watched;
    const because = [
      ...(causes.size === 0 ? [] : [`does not work: ${[...causes].join(", ")}`]),
      ...(now - lastSeenAt < SILENT_AFTER_MS
        ? []
        : [`${host} was heard of last ${formatInstant(lastSeenAt)}`]),
    ];
    return {
      key: `${key}/rpo`,
      kind: isBroken ? ("rpo-broken" as const) : ("rpo-at-risk" as const),
      severity: worstOf(members.map(({ severity }) => severity)),
      hostId,
      owner,
      subject: members.length === 1 ? nameOf(objective.dataset) : rule,
      title: isBroken
        ? `${what} on ${host}: more data would be lost than was agreed`
        : `${what} on ${host}: soon more data would be lost than was agreed`,
      why: printable([listed(members.map(({ says }) => says)), ...because].join("; "), MOST_WHY),
    };
  });
}

/** What goes by itself, or with the host's network, is for today; what somebody has to change, or what is lost, for now. */
const SEVERITY_OF: Readonly<Record<string, Severity>> = {
  repository_damaged: "critical",
  repository_password_wrong: "high",
  repository_absent: "high",
  repository_full: "high",
  repository_read_only: "high",
};

const WORDS: Readonly<Record<string, string>> = {
  repository_damaged: "is damaged: what is in it may not come back",
  repository_password_wrong: "does not open: its password is wrong",
  repository_absent: "is not there",
  repository_full: "is full",
  repository_read_only: "cannot be written to",
  repository_unreachable: "cannot be reached",
  repository_locked: "is locked",
};

function repositoryCondition(problem: RepositoryProblem, behind: readonly Behind[]): Condition {
  const { hostId, host, owner, repository, offsite, code, message, since } = problem;
  const follows = behind.filter(({ isExplained, causes }) => isExplained && causes.includes(problem));
  const trouble =
    follows.length === 0
      ? ""
      : `; with it, more is lost than was agreed, or soon will be: ${listed(follows.map(({ says }) => says))}`;
  const name = `${offsite ? "off-site " : ""}repository ${printable(repository, 60)}`;
  return {
    key: `${hostId}/repository/${repository}/${code}`,
    kind: "repository",
    severity: worstOf([SEVERITY_OF[code] ?? "medium", ...follows.map(({ severity }) => severity)]),
    hostId,
    owner,
    subject: repository,
    title: `The ${name} of ${host} ${WORDS[code] ?? "does not work"}`,
    why: printable(`since ${formatInstant(since)}: ${message}${trouble}`, MOST_WHY),
  };
}

/** A drill that failed, or a restore point that is not what it should be. */
function proofCondition(proof: FailedProof): Condition {
  const { hostId, host, owner, repository, dataset = "", level, at, message = "" } = proof;
  const isDrill = level === "drill";
  return {
    key: `${hostId}/${isDrill ? "drill" : "proof"}/${repository}/${dataset}`,
    kind: isDrill ? "drill-failed" : "proof-failed",
    severity: "high",
    hostId,
    owner,
    subject: nameOf(dataset),
    title: isDrill
      ? `The drill of ${nameOf(dataset)} on ${host} failed`
      : `The restore point of ${nameOf(dataset)} on ${host} is not as it should be`,
    why: printable(`${formatInstant(at)}, from ${repository}: ${message}`, MOST_WHY),
  };
}

const nameOf = (dataset: string): string => printable(readDatasetId(dataset)?.name ?? dataset, 60);

const MOST_LISTED = 5;
const MOST_WHY = 1_000;

function listed(all: readonly string[]): string {
  const more = all.length - MOST_LISTED;
  return [...all.slice(0, MOST_LISTED), ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

const worstOf = (all: readonly Severity[]): Severity =>
  SEVERITIES.find((severity) => all.includes(severity)) ?? "medium";
