/** A backup repository as the host's own configuration names it. Policies only pick among these names. */
export interface Repository {
  readonly name: string;
  /** As restic writes it: a folder, or `sftp:`, `rest:`, `s3:`, `rclone:` … */
  readonly url: string;
  /** A file that only root reads; the password itself is never held, logged or passed on a command line. */
  readonly passwordFile?: string | undefined;
  /** Instead of a file: the name of a credential that systemd hands over. */
  readonly passwordCredential?: string | undefined;
  /** Lines of `KEY=VALUE`: credentials of the back end, read anew for each run. */
  readonly environmentFile?: string | undefined;
  /** This host's credentials cannot delete: retention is somebody else's. */
  readonly appendOnly?: boolean | undefined;
  /** Whether it outlives the site of this host. Where nothing is said: whether it is reached over a network. */
  readonly offsite?: boolean | undefined;
  /** Starts the connection instead of `ssh`; for `sftp:` only. */
  readonly sftpCommand?: string | undefined;
  /** PEM; for a server whose certificate the system does not trust. */
  readonly caFile?: string | undefined;
  readonly limitUploadBytesPerS?: number | undefined;
  /** For reports: what a gigabyte costs a month, in whatever money. */
  readonly costPerGb?: number | undefined;
}

/** Name → settings, as the configuration has them. */
export type Repositories = Readonly<Record<string, Omit<Repository, "name">>>;

/** A folder of this machine: an absent one can be told from one that cannot be reached. */
export function isLocal({ url }: Pick<Repository, "url">): boolean {
  return url.startsWith("/");
}

/** `local`, or how it is reached: `sftp`, `rest`, `s3` … */
export function backEndOf(repository: Pick<Repository, "url">): string {
  return isLocal(repository) ? "local" : repository.url.slice(0, repository.url.indexOf(":"));
}

export function isOffsite(repository: Pick<Repository, "url" | "offsite">): boolean {
  return repository.offsite ?? !isLocal(repository);
}

/** The text without the user and the password that addresses in it may hold. */
export function maskUrls(text: string): string {
  return text.replaceAll(/(\/\/)[^/\s@]+@/g, "$1***@");
}
