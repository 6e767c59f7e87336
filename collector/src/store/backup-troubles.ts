/** What is wrong with backups by the last word of each host: repositories that do not work, and what was found bad. */
import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import type { Proof } from "@shipkeeper/policy";
import type { RepositoryState } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";
import { fromJson } from "./database.ts";
import type { Json } from "./tables.ts";

interface OnHost {
  readonly hostId: HostId;
  readonly host: string;
  readonly owner: string | undefined;
}

/** What a host cannot do with a repository now. */
export interface RepositoryProblem extends OnHost {
  readonly repository: string;
  readonly offsite: boolean;
  readonly code: string;
  readonly message: string;
  readonly since: Instant;
}

/** The last look at something, which found it bad. */
export type FailedProof = Proof & OnHost;

interface Row<Body> {
  host_id: HostId;
  hostname: string;
  owner: string | null;
  body: Json<Body>;
}

/** A fleet with more of them has one alert too few, not a collector that stands still. */
const MOST_TROUBLES = 2_000;

export function backupTroubles(db: Database) {
  const problems = db.prepare<[], Row<RepositoryState>>(/*sql*/ `
    SELECT repository.host_id, hostname, owner, repository.body
    FROM repository JOIN host ON host.id = repository.host_id
    WHERE problem IS NOT NULL AND revoked_at IS NULL ORDER BY hostname, name LIMIT ${MOST_TROUBLES}`);
  // Of two looks at the same time the one that failed counts.
  const failed = db.prepare<[], Row<Proof>>(/*sql*/ `
    SELECT verification.host_id, hostname, failed AS body, coalesce(
        (SELECT objective.owner FROM objective
          WHERE objective.host_id = verification.host_id AND objective.dataset = verification.dataset LIMIT 1),
        host.owner) AS owner
    FROM verification JOIN host ON host.id = verification.host_id
    WHERE failed_at IS NOT NULL AND failed_at >= coalesce(passed_at, 0) AND revoked_at IS NULL
    ORDER BY hostname, repository, verification.dataset, level LIMIT ${MOST_TROUBLES}`);

  return {
    problems: (): RepositoryProblem[] =>
      problems.all().flatMap((row) => {
        const { name: repository, offsite, problem } = fromJson(row.body);
        return problem === undefined ? [] : [{ ...onHost(row), repository, offsite, ...problem }];
      }),

    failedProofs: (): FailedProof[] => failed.all().map((row) => ({ ...fromJson(row.body), ...onHost(row) })),
  };
}

function onHost({ host_id: hostId, hostname: host, owner }: Omit<Row<unknown>, "body">): OnHost {
  return { hostId, host, owner: owner ?? undefined };
}
