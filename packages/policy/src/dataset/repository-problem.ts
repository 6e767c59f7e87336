/** What can stand in the way of a backup repository's use. */
export const REPOSITORY_PROBLEM_CODES = [
  "repository_password_wrong",
  "repository_absent",
  "repository_unreachable",
  "repository_full",
  "repository_read_only",
  "repository_damaged",
  "repository_locked",
  "restic_failed",
] as const;
export type RepositoryProblemCode = (typeof REPOSITORY_PROBLEM_CODES)[number];
