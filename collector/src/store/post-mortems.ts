/** What was to be seen of containers before a restart or after an unexpected end: searchable, and bounded. */
import { InvalidInput, type Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import {
  MOST_POST_MORTEM_BYTES,
  type ApiPostMortem,
  type ApiPostMortemDetail,
  type EntryOf,
  type Page,
  type PostMortem,
  type PostMortemsQuery,
  type PostMortemTrigger,
} from "@shipkeeper/protocol";
import { sql, type Selectable } from "kysely";
import { aftermaths } from "./aftermaths.ts";
import { fromJson, type StoreDatabase } from "./database.ts";
import { hostIs, readPage } from "./page.ts";
import type { Tables } from "./tables.ts";

/** One as it is kept, with what is known of the run that followed it. */
export type KnownPostMortem = Omit<ApiPostMortemDetail, "story" | "timeline">;

/** Kept for as long as its policy wants, or the oldest when there is no more room. */
type GivenUp = "age" | "room";

export function postMortems({ db, read }: StoreDatabase) {
  const insert = db.prepare(/*sql*/ `
    INSERT INTO post_mortem (host_id, id, at, received_at, trigger, container_id, name, identity, image, owner, sign, run_id,
      incident_id, exit_code, out_of_memory, exits_before, bytes, body)
    VALUES (@hostId, @id, @at, @receivedAt, @trigger, @containerId, @name, @identity, @image, @owner, @sign, @runId,
      @incidentId, @exitCode, @outOfMemory, @exitsBefore, @bytes, @body)
    ON CONFLICT DO NOTHING`);
  const insertWords = db.prepare(/*sql*/ `
    INSERT INTO post_mortem_words (rowid, names, said) VALUES (?, ?, ?)`);

  const hostIds = db.prepare<[], string>(/*sql*/ `SELECT DISTINCT host_id FROM post_mortem`).pluck();
  const takenBefore = db
    .prepare<[string, number, number], number>(
      /*sql*/ `
      SELECT number FROM post_mortem WHERE host_id = ? AND received_at < ? ORDER BY received_at LIMIT ?`,
    )
    .pluck();
  const oldest = db
    .prepare<[number], number>(/*sql*/ `SELECT number FROM post_mortem ORDER BY received_at LIMIT ?`)
    .pluck();
  const remove = db.prepare(/*sql*/ `DELETE FROM post_mortem WHERE number = ?`);
  const removeWords = db.prepare(/*sql*/ `DELETE FROM post_mortem_words WHERE rowid = ?`);
  const countGivenUp = db.prepare(/*sql*/ `
    INSERT INTO post_mortem_given_up (why, count) VALUES (?, ?)
    ON CONFLICT (why) DO UPDATE SET count = count + excluded.count`);
  const givenUp = db.prepare<[], { why: string; count: number }>(/*sql*/ `
    SELECT why, count FROM post_mortem_given_up`);
  const totalBytes = db
    .prepare<[], number>(/*sql*/ `SELECT coalesce(sum(bytes), 0) FROM post_mortem`)
    .pluck();

  const giveUp = db.transaction((numbers: readonly number[], why: GivenUp): number => {
    for (const number of numbers) {
      remove.run(number);
      removeWords.run(number);
    }
    if (numbers.length > 0) countGivenUp.run(why, numbers.length);
    return numbers.length;
  });

  const aftermathOf = aftermaths({ db, read });

  const incidentOf = async (hostId: string, id: string): Promise<KnownPostMortem["incident"]> => {
    const row = await read
      .selectFrom("incident")
      .select("body")
      .where("host_id", "=", hostId)
      .where("id", "=", id)
      .executeTakeFirst();
    if (row === undefined) return undefined;
    const { sickAt, closedAt, ended, handedOverAt } = fromJson(row.body);
    return { sickAt, closedAt, ended, handedOverAt };
  };

  const select = () =>
    read
      .selectFrom("post_mortem")
      .innerJoin("host", "host.id", "post_mortem.host_id")
      .select(COLUMNS)
      .select("host.hostname");

  return {
    /** Throws `InvalidInput` where it is larger than any agent makes one. */
    record(
      { hostId, receivedAt }: { hostId: HostId; receivedAt: Instant },
      postMortem: EntryOf<"post-mortem">,
    ): void {
      const { container, evidence } = postMortem;
      const body = JSON.stringify(postMortem);
      const bytes = Buffer.byteLength(body);
      if (bytes > MOST_POST_MORTEM_BYTES)
        throw new InvalidInput(`the post-mortem has ${bytes} bytes, ${MOST_POST_MORTEM_BYTES} are kept`, []);
      const { changes, lastInsertRowid } = insert.run({
        hostId,
        id: postMortem.id,
        at: postMortem.at,
        receivedAt,
        trigger: postMortem.trigger,
        containerId: container.id,
        name: container.name,
        identity: container.identity,
        image: container.image,
        owner: postMortem.owner ?? null,
        sign: postMortem.sign ?? null,
        runId: postMortem.runId ?? null,
        incidentId: postMortem.incidentId ?? null,
        exitCode: evidence.exitCode ?? null,
        outOfMemory: evidence.outOfMemory ? 1 : 0,
        exitsBefore: postMortem.exitsBefore,
        bytes,
        body,
      });
      if (changes === 1) insertWords.run(lastInsertRowid, namesOf(postMortem), saidIn(postMortem));
    },

    list(request: PostMortemsQuery): Promise<Page<ApiPostMortem>> {
      const { host, container, image, owner, trigger, sign, run, incident, from, to, search } = request;
      const words = search === undefined ? undefined : matchAll(search);
      const query = select()
        .$if(host !== undefined, (q) => q.where(hostIs(host ?? "")))
        .$if(container !== undefined, (q) =>
          q.where(
            sql<boolean>`${container} IN (post_mortem.name, post_mortem.container_id, post_mortem.identity)`,
          ),
        )
        .$if(image !== undefined, (q) => q.where("post_mortem.image", "=", image ?? ""))
        .$if(owner !== undefined, (q) => q.where("post_mortem.owner", "=", owner ?? ""))
        .$if(trigger !== undefined, (q) => q.where("post_mortem.trigger", "=", trigger ?? ""))
        .$if(sign !== undefined, (q) => q.where("post_mortem.sign", "=", sign ?? ""))
        .$if(run !== undefined, (q) => q.where("post_mortem.run_id", "=", run ?? ""))
        .$if(incident !== undefined, (q) => q.where("post_mortem.incident_id", "=", incident ?? ""))
        .$if(from !== undefined, (q) => q.where("post_mortem.at", ">=", from ?? 0))
        .$if(to !== undefined, (q) => q.where("post_mortem.at", "<=", to ?? 0))
        .$if(words !== undefined, (q) =>
          q.where(
            sql<boolean>`post_mortem.number IN (SELECT rowid FROM post_mortem_words WHERE post_mortem_words MATCH ${words})`,
          ),
        );
      const order = { by: { at: sql`post_mortem.at` }, key: sql`post_mortem.number` };
      return readPage(query, request, order, toPostMortem);
    },

    async find(id: string): Promise<KnownPostMortem | undefined> {
      const row = await select()
        .select("post_mortem.body")
        .where("post_mortem.id", "=", id)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const { evidence, runId, container } = fromJson(row.body);
      const aftermath =
        runId === undefined
          ? undefined
          : await aftermathOf({ hostId: row.host_id, runId, containerId: container.id });
      const incident = row.incident_id === null ? undefined : await incidentOf(row.host_id, row.incident_id);
      return { ...toPostMortem(row), container, evidence, aftermath, incident };
    },

    /** Hosts that have any. */
    hosts: (): HostId[] => hostIds.all() as HostId[],

    /** Gives up at most `most` of a host's that came before a time; returns how many. */
    forgetBefore: (hostId: HostId, before: Instant, most: number): number =>
      giveUp(takenBefore.all(hostId, before, most), "age"),

    /** Gives up the oldest of all hosts, at most `most`; returns how many. */
    forgetOldest: (most: number): number => giveUp(oldest.all(most), "room"),

    totalBytes: (): number => totalBytes.get() ?? 0,

    /** How many were given up since the collector began, and why. */
    givenUp: (): Readonly<Record<GivenUp, number>> => ({
      age: 0,
      room: 0,
      ...Object.fromEntries(givenUp.all().map(({ why, count }) => [why, count])),
    }),
  };
}

const COLUMNS = [
  "post_mortem.host_id",
  "post_mortem.id",
  "post_mortem.at",
  "post_mortem.trigger",
  "post_mortem.container_id",
  "post_mortem.name",
  "post_mortem.identity",
  "post_mortem.image",
  "post_mortem.owner",
  "post_mortem.sign",
  "post_mortem.run_id",
  "post_mortem.incident_id",
  "post_mortem.exit_code",
  "post_mortem.out_of_memory",
  "post_mortem.exits_before",
  "post_mortem.bytes",
] as const;

type Row = Omit<Selectable<Tables["post_mortem"]>, "number" | "received_at" | "body"> & { hostname: string };

function toPostMortem(row: Row): ApiPostMortem {
  return {
    hostId: row.host_id,
    host: row.hostname,
    id: row.id,
    at: row.at,
    trigger: row.trigger as PostMortemTrigger,
    container: {
      id: row.container_id,
      name: row.name,
      identity: row.identity,
      image: row.image,
    } as ApiPostMortem["container"],
    owner: row.owner ?? undefined,
    sign: row.sign ?? undefined,
    runId: (row.run_id ?? undefined) as ApiPostMortem["runId"],
    incidentId: row.incident_id ?? undefined,
    exitCode: row.exit_code ?? undefined,
    outOfMemory: row.out_of_memory === 1,
    exitsBefore: row.exits_before,
    bytes: row.bytes,
  };
}

function namesOf({ container, owner = "", sign = "" }: PostMortem): string {
  return [container.name, container.image, container.identity, owner, sign].join("\n");
}

function saidIn({ evidence: { health, log, events } }: PostMortem): string {
  return [
    ...log.lines.map(({ text }) => text),
    ...(health?.outputs.map(({ output }) => output) ?? []),
    ...events.map(({ action, detail = "" }) => `${action} ${detail}`),
  ].join("\n");
}

/** Each word in quotes, so that nothing of it is syntax of the index, and open to longer ones. Throws `InvalidInput`. */
function matchAll(search: string): string {
  const words = search.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word));
  if (words.length === 0)
    throw new InvalidInput("cannot search for this", ["search: expected at least one word"]);
  return words.map((word) => `"${word.replaceAll('"', '""').replaceAll("\0", "")}"*`).join(" ");
}
