/** Why restic ended badly, as one code and one sentence. Before 0.17 there is only exit code 1 and the text. */
import { OperationalError } from "@shipkeeper/kit";
import type { RepositoryProblemCode } from "@shipkeeper/policy";
import { maskUrls } from "./repository.ts";

/** The last two are no trouble of the repository. */
export type ResticProblemCode = RepositoryProblemCode | "restore_point_unknown" | "backup_incomplete";

const RETRYABLE: ReadonlySet<ResticProblemCode> = new Set([
  "repository_locked",
  "repository_unreachable",
  "restic_failed",
]);

/** restic did not do what it was asked. */
export class ResticProblem extends OperationalError {
  override readonly name = "ResticProblem";
  readonly code: ResticProblemCode;
  readonly retryable: boolean;
  /** The one that has the problem; undefined where that is whichever was asked. */
  readonly repository: string | undefined;

  constructor(
    code: ResticProblemCode,
    message: string,
    { repository, ...options }: { cause?: unknown; repository?: string } = {},
  ) {
    super(message, options);
    this.code = code;
    this.repository = repository;
    this.retryable = RETRYABLE.has(code);
  }
}

export interface ResticExit {
  readonly attempt: string;
  readonly repository: string;
  /** The repository that is copied from. */
  readonly from?: string | undefined;
  /** Null where a signal ended it. */
  readonly code: number | null;
  /** The end of what it printed to standard error. */
  readonly stderr: string;
}

interface Sign {
  readonly code: ResticProblemCode;
  /** Exit codes that say the same, of versions that have them. */
  readonly exit?: number;
  readonly text: RegExp;
  /** After "cannot back up volume:data in repository local: ". */
  readonly words: string;
  /** Whether the line that shows it says more than the words. */
  readonly quote?: true;
}

/** A request that opens the repository, and how servers say no to whoever asks. A port is no answer of theirs. */
const REFUSED =
  /(?<![:\d])40[13]\b|access ?denied|forbidden|permission denied|invalidaccesskeyid|signaturedoesnotmatch/;
const OPENING = "unable to open (?:config file|repository)";

/** Asked in this order: what is more special first. */
const SIGNS: readonly Sign[] = [
  {
    code: "repository_password_wrong",
    exit: 12,
    text: /wrong password or no key found|an empty password is not a password/i,
    words: "its password is wrong",
  },
  {
    code: "repository_locked",
    exit: 11,
    text: /already locked/i,
    words: "another program holds its lock",
    quote: true,
  },
  { code: "restore_point_unknown", text: /no matching ID found/i, words: "it has no such restore point" },
  { code: "backup_incomplete", exit: 3, text: /(?!)/, words: "some files could not be read", quote: true },
  {
    code: "restic_failed",
    text: /restic-temp-.*no space left on device/i,
    words: "the disk of restic's own temporary files is full",
    quote: true,
  },
  {
    code: "repository_full",
    text: /no space left on device|disk quota exceeded|507 insufficient storage|quota ?exceeded|storagefull|too big for remaining disk/i,
    words: "its disk is full",
    quote: true,
  },
  {
    code: "repository_unreachable",
    text: new RegExp(`${OPENING}.*(?:${REFUSED.source})|subprocess ssh:.*permission denied`, "i"),
    words: "its server refuses the credentials",
    quote: true,
  },
  {
    code: "repository_unreachable",
    text: /dial tcp|connection (?:refused|reset)|no such host|i\/o timeout|network is unreachable|no route to host|tls: |x509: |host key verification failed|could not resolve hostname|unable to start the sftp session|error talking HTTP to rclone|connection timed out/i,
    words: "it cannot be reached",
    quote: true,
  },
  {
    code: "repository_absent",
    exit: 10,
    text: new RegExp(
      `${OPENING}.*(?:no such file|does not exist|not found|(?<![:\\d])404\\b|NoSuch(?:Bucket|Key))`,
      "i",
    ),
    words: "there is no repository where the configuration says",
  },
  {
    code: "repository_damaged",
    text: /ciphertext verification failed|(?:key|config) \w+ is damaged|invalid data returned|repository contains errors|not found in repository|pack ID does not match|Load\(<(?:data|index|tree).*(?:no such file|does not exist|not found)/i,
    words: "what it holds is damaged",
    quote: true,
  },
  {
    code: "repository_read_only",
    text: /read-only file system|permission denied|403 forbidden|access ?denied|operation not permitted|SSH_FX_PERMISSION_DENIED/i,
    words: "nothing can be written to it, or deleted",
    quote: true,
  },
  {
    code: "repository_unreachable",
    text: new RegExp(OPENING, "i"),
    words: "it cannot be opened",
    quote: true,
  },
];

/** Why restic ended badly. What nobody knows is a failure. */
export function explainExit({ attempt, repository, from, code, stderr }: ResticExit): ResticProblem {
  const lines = maskUrls(stderr)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  const telling = lines.filter((line) => !OF_OTHER_DISKS.test(line));
  const doing = (where: string) => `cannot ${attempt} in repository ${where}`;
  for (const sign of SIGNS) {
    const line = telling.find((one) => sign.text.test(one));
    if (line === undefined && (sign.exit === undefined || sign.exit !== code)) continue;
    const quoted = sign.quote === undefined ? "" : `: ${shorten(line ?? lastOf(lines))}`;
    const isRead = sign.code === "repository_damaged" && !OF_WHICHEVER.test(line ?? "");
    const whose = isRead ? (from ?? repository) : repository;
    return new ResticProblem(sign.code, `${doing(whose)}: ${sign.words}${quoted}`, { repository: whose });
  }
  const how = code === null ? "was ended by a signal" : `failed with exit code ${code}`;
  const message = `${doing(repository)}: restic ${how}: ${lastOf(lines)}`;
  return new ResticProblem("restic_failed", message, { repository });
}

/** A copy reads data of the one and writes to the other, but it opens both, and reads the index of both. */
const OF_WHICHEVER = /<index\/|(?:key|config) \w+ is damaged/i;

/**
 * restic retries what a server or a disk refuses up to ten times, for a minute or so. This never helps where the answer is
 * no: waiting would only hold locks.
 */
export function isHopeless(line: string): boolean {
  return /returned error, retrying/.test(line) && HOPELESS.test(line);
}

const HOPELESS =
  /read-only file system|no space left on device|permission denied|403 forbidden|507 insufficient|accessdenied/i;

/** What restic could not read of a source, or write of a restore: the repository has no part in it. */
const OF_OTHER_DISKS = /^error: |^ignoring error for .*(?:no space left|read-only file|permitted|denied)/;

const MOST_QUOTED = 300;
const shorten = (line: string) =>
  line
    .replace(/^.*returned error, retrying after [^:]+: /, "")
    .replace(/^Fatal: /, "")
    .slice(0, MOST_QUOTED);
const lastOf = (lines: readonly string[]) => lines.slice(-4).join("; ") || "it said nothing";
