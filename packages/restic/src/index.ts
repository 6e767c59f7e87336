export * from "./answers.ts";
export type { BackupMade, BackupRequest, RestorePointMark, StreamRequest } from "./back-up.ts";
export * from "./repository-settings.ts";
export * from "./repository.ts";
export * from "./restic-errors.ts";
export * from "./restic.ts";
export type { NoteUse, RepositoryUse } from "./run-in-repository.ts";
export * from "./tags.ts";
