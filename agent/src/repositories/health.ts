/**
 * How each repository is, by how its uses end. One problem at a time: gone as soon as the same kind of use works again,
 * not when an easier one does. Listing works on a full disk, and says nothing of the next backup.
 */
import { errorChain, type Instant } from "@shipkeeper/kit";
import { REPOSITORY_PROBLEM_CODES, type RepositoryProblemCode } from "@shipkeeper/policy";
import { ResticProblem, type RepositoryUse } from "@shipkeeper/restic";

export interface RepositoryHealth {
  readonly lastOkAt?: Instant | undefined;
  readonly bytes?: number | undefined;
  /** At most one of each effort. */
  readonly problems: readonly StandingProblem[];
}

interface StandingProblem {
  readonly effort: Effort;
  readonly code: RepositoryProblemCode;
  readonly message: string;
  readonly since: Instant;
}

/** What a use takes of the repository, the worst to lose last. */
const EFFORTS = ["read", "write", "content"] as const;
type Effort = (typeof EFFORTS)[number];

/** What a use that went well has proven wrong: who writes, or reads what was backed up, looks around, too. */
const PROVES: Readonly<Record<Effort, readonly Effort[]>> = {
  read: ["read"],
  write: ["read", "write"],
  content: ["read", "content"],
};

export const UNUSED: RepositoryHealth = { problems: [] };

const READING = ["snapshots", "stats", "cat", "ls", "find", "list", "diff", "restore", "dump", "check"];
/** May fail because of what it writes to, and not of the repository. */
const BRINGING_BACK = ["restore", "dump"];
/** Whoever can read at all has proven these wrong. */
const OF_OPENING: readonly string[] = [
  "repository_password_wrong",
  "repository_absent",
  "repository_unreachable",
];

/** What is known after one more use. */
export function afterUse(health: RepositoryHealth, use: RepositoryUse, at: Instant): RepositoryHealth {
  const effort = effortOf(use);
  const code = problemCodeOf(use);
  if (use.error === undefined) {
    return {
      ...health,
      lastOkAt: at,
      problems: health.problems.filter((one) => !PROVES[effort].includes(one.effort)),
    };
  }
  if (code === undefined) return health;

  const found = { effort: effortOfProblem(code, effort), code };
  const before = health.problems.find((one) => one.effort === found.effort);
  // Said the same way while it stays the same: what differs is a number or a path, and would look like news.
  const problem = before?.code === code ? before : { ...found, message: errorChain(use.error), since: at };
  return { ...health, problems: [...health.problems.filter((one) => one !== before), problem] };
}

/** The one to tell: what takes most effort to find is the worst. */
export function problemToTell({ problems }: RepositoryHealth): StandingProblem | undefined {
  return EFFORTS.toReversed()
    .map((effort) => problems.find((one) => one.effort === effort))
    .find((one) => one !== undefined);
}

function effortOf({ args: [command = ""], isSource = false }: RepositoryUse): Effort {
  if (isSource || BRINGING_BACK.includes(command)) return "content";
  return READING.includes(command) ? "read" : "write";
}

function effortOfProblem(code: RepositoryProblemCode, effort: Effort): Effort {
  if (OF_OPENING.includes(code)) return "read";
  // Looking at something else, or adding to it, proves nothing of what was found damaged.
  return code === "repository_damaged" && effort === "read" ? "content" : effort;
}

/** Undefined where the repository has no part in it, and for a check that found damage: proofs tell of that. */
function problemCodeOf({ args, error }: RepositoryUse): RepositoryProblemCode | undefined {
  const code = error instanceof ResticProblem ? error.code : undefined;
  const known = REPOSITORY_PROBLEM_CODES.find((one) => one === code);
  if (known === "repository_damaged" && args[0] === "check") return undefined;
  return known === "restic_failed" && BRINGING_BACK.includes(args[0] ?? "") ? undefined : known;
}
