import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import type { AvailabilityChange, AvailabilityState, WatchSpan } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import type { StoreDatabase } from "./database.ts";

/** What an identity is called by the newest that was told of it. */
export interface AvailabilitySubject {
  readonly identity: string;
  readonly name: string;
  readonly containerId: string;
  readonly image: string;
  readonly service: { readonly project: string; readonly service: string } | undefined;
  readonly owner: string | undefined;
}

/** One state of an identity, from when to when; without an end it is the present one. */
export interface Spell {
  readonly identity: string;
  readonly since: Instant;
  readonly until: Instant | undefined;
  readonly state: AvailabilityState;
}

/** A host whose word counts. */
export interface WatchedHost {
  readonly id: HostId;
  readonly hostname: string;
  readonly owner: string | undefined;
}

interface SubjectRow {
  identity: string;
  name: string;
  container_id: string;
  image: string;
  project: string | null;
  service: string | null;
  owner: string | null;
}

/**
 * Changes make spells: each lasts until the next change of its identity. What is stored is a function of the set of
 * changes alone, so that replays and any order give the same (S4).
 */
export function availability({ db }: Pick<StoreDatabase, "db">) {
  // Of two changes that begin at the same instant the one that was told later counts.
  const putSpell = db.prepare(/*sql*/ `
    INSERT INTO spell (host_id, identity, since, until, state, why, told_at)
    VALUES (@hostId, @identity, @since,
      (SELECT min(since) FROM spell WHERE host_id = @hostId AND identity = @identity AND since > @since),
      @state, @why, @at)
    ON CONFLICT (host_id, identity, since) DO UPDATE SET
      state = excluded.state, why = excluded.why, told_at = excluded.told_at
    WHERE (excluded.told_at, excluded.state, excluded.why) > (told_at, state, why)`);
  const endTheOneBefore = db.prepare(/*sql*/ `
    UPDATE spell SET until = @since
    WHERE host_id = @hostId AND identity = @identity AND since =
      (SELECT max(since) FROM spell WHERE host_id = @hostId AND identity = @identity AND since < @since)`);
  const putSubject = db.prepare(/*sql*/ `
    INSERT INTO availability_subject
      (host_id, identity, told_at, since, name, container_id, image, project, service, owner)
    VALUES (@hostId, @identity, @at, @since, @name, @containerId, @image, @project, @service, @owner)
    ON CONFLICT (host_id, identity) DO UPDATE SET
      told_at = excluded.told_at, since = excluded.since, name = excluded.name,
      container_id = excluded.container_id, image = excluded.image, project = excluded.project,
      service = excluded.service, owner = excluded.owner
    WHERE (excluded.told_at, excluded.since, excluded.container_id) > (told_at, since, container_id)`);
  const putSpan = db.prepare(/*sql*/ `
    INSERT INTO watch_span (host_id, from_at, answers, to_at) VALUES (@hostId, @from, @answers, @to)
    ON CONFLICT (host_id, from_at, answers) DO UPDATE SET to_at = max(to_at, excluded.to_at)`);

  const hosts = db.prepare<[], { id: HostId; hostname: string; owner: string | null }>(/*sql*/ `
    SELECT id, hostname, owner FROM host WHERE revoked_at IS NULL ORDER BY hostname, id`);
  const spells = db.prepare<
    [string, Instant],
    { identity: string; since: Instant; until: Instant | null; state: AvailabilityState }
  >(/*sql*/ `
    SELECT identity, since, until, state FROM spell
    WHERE host_id = ? AND ifnull(until, ${Number.MAX_SAFE_INTEGER}) > ? ORDER BY identity, since`);
  const subjects = db.prepare<[string], SubjectRow>(/*sql*/ `
    SELECT identity, name, container_id, image, project, service, owner FROM availability_subject
    WHERE host_id = ? ORDER BY identity`);
  const spans = db.prepare<[string, Instant], { from_at: Instant; to_at: Instant; answers: number }>(/*sql*/ `
    SELECT from_at, to_at, answers FROM watch_span WHERE host_id = ? AND to_at > ? ORDER BY from_at, to_at`);

  function putChange(hostId: HostId, at: Instant, change: AvailabilityChange): void {
    const { service, owner = null, ...rest } = change;
    const row = { ...rest, hostId, at, owner };
    putSpell.run(row);
    endTheOneBefore.run(row);
    putSubject.run({ ...row, project: service?.project ?? null, service: service?.service ?? null });
  }

  return {
    record(hostId: HostId, { at, changes, watched }: EntryOf<"availability">): void {
      for (const change of changes) putChange(hostId, at, change);
      for (const { from, to, answers } of watched) {
        putSpan.run({ hostId, from, to, answers: answers ? 1 : 0 });
      }
    },

    hosts: (): WatchedHost[] =>
      hosts.all().map(({ owner, ...host }) => ({ ...host, owner: owner ?? undefined })),

    /** Those of a host that reach beyond `from`, by identity and then by time. */
    spellsOf: (hostId: HostId, from: Instant): Spell[] =>
      spells.all(hostId, from).map(({ until, ...spell }) => ({ ...spell, until: until ?? undefined })),

    subjectsOf: (hostId: HostId): AvailabilitySubject[] =>
      subjects
        .all(hostId)
        .map(({ identity, name, container_id: containerId, image, project, service, owner }) => ({
          identity,
          name,
          containerId,
          image,
          service: project === null || service === null ? undefined : { project, service },
          owner: owner ?? undefined,
        })),

    /** The stretches of a host that reach beyond `from`, by their begin. They may overlap where an agent's clock was set. */
    watchOf: (hostId: HostId, from: Instant): WatchSpan[] =>
      spans
        .all(hostId, from)
        .map(({ from_at, to_at, answers }) => ({ from: from_at, to: to_at, answers: answers === 1 })),
  };
}
export type Availability = ReturnType<typeof availability>;
