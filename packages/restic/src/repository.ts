/** A backup repository as the host's own configuration names it. Policies only pick among these names. */
export interface Repository {
  readonly name: string;
  /** As restic writes it: a folder, or `sftp:`, `rest:`, `s3:` … */
  readonly url: string;
  /** A file that only root reads; the password itself is never held, logged or passed on a command line. */
  readonly passwordFile: string;
}

/** Name → settings, as the configuration has them. */
export type Repositories = Readonly<Record<string, Omit<Repository, "name">>>;

/** A folder of this machine: an absent one can be told from one that cannot be reached. */
export function isLocal({ url }: Pick<Repository, "url">): boolean {
  return url.startsWith("/");
}
