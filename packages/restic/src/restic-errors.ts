import { OperationalError } from "@shipkeeper/kit";

export type ResticProblemCode =
  | "repository_absent"
  | "repository_password_wrong"
  | "repository_locked"
  | "restore_point_unknown"
  | "backup_incomplete"
  | "restic_failed";

/** restic did not do what it was asked. */
export class ResticProblem extends OperationalError {
  override readonly name = "ResticProblem";
  readonly code: ResticProblemCode;
  readonly retryable: boolean;

  constructor(code: ResticProblemCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    this.retryable = code === "repository_locked" || code === "restic_failed";
  }
}

export interface ResticExit {
  readonly attempt: string;
  readonly repository: string;
  readonly code: number | null;
  /** The end of what it printed to standard error. */
  readonly stderr: string;
}

/**
 * Why restic ended badly. Exit codes of their own came with 0.17; before there is only 1 and the text. Codes that
 * nobody knows are failures.
 */
export function explainExit({ attempt, repository, code, stderr }: ResticExit): ResticProblem {
  const where = `repository ${repository}`;
  if (code === 12 || /wrong password or no key found/.test(stderr)) {
    return new ResticProblem("repository_password_wrong", `the password of ${where} is wrong`);
  }
  if (code === 11 || /already locked/.test(stderr)) {
    return new ResticProblem(
      "repository_locked",
      `cannot ${attempt}: ${where} is locked: ${firstLine(stderr)}`,
    );
  }
  if (/no matching ID found/.test(stderr)) {
    return new ResticProblem(
      "restore_point_unknown",
      `cannot ${attempt}: ${where} has no such restore point`,
    );
  }
  if (code === 10 || /Is there a repository at the following location/.test(stderr)) {
    return new ResticProblem("repository_absent", `cannot ${attempt}: there is no repository ${repository}`);
  }
  if (code === 3) {
    return new ResticProblem("backup_incomplete", `some files could not be read: ${lastLines(stderr)}`);
  }
  const how = code === null ? "was ended by a signal" : `failed with exit code ${code}`;
  return new ResticProblem(
    "restic_failed",
    `cannot ${attempt} in ${where}: restic ${how}: ${lastLines(stderr)}`,
  );
}

const firstLine = (text: string) => text.trim().split("\n")[0] ?? "";
const lastLines = (text: string) => text.trim().split("\n").slice(-4).join("; ") || "it said nothing";
