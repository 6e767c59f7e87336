/** Who answers for what, by the owner rules of the policies in force. Resolved when a thing is stored, and anew when the rules change. */
import {
  labelsOfHost,
  NO_OWNER_RULES,
  resolveOwner,
  type HostId,
  type HostLabels,
  type Labels,
  type OwnerRules,
} from "@shipkeeper/model";
import type { PolicyBundle } from "@shipkeeper/policy";
import type { ApiOwner } from "@shipkeeper/protocol";
import { sql } from "kysely";
import { fromJson, type StoreDatabase } from "./database.ts";
import { ownerRulesFor } from "./owner-rules.ts";
import type { Json } from "./tables.ts";

/** Finds the owner of one host's things. */
export type OwnerOf = (thing: Parameters<typeof resolveOwner>[0]) => string | undefined;

interface OwnedRow {
  rowid: number;
  owner: string | null;
  body: Json<{ labels: Labels }>;
}

/** How the things of each table are named, so that patterns can find them. */
const OWNED = {
  container: (body: { name: string; image: string }) => [body.name, body.image],
  image: (body: { tags: string[]; digests: string[] }) => [...body.tags, ...body.digests],
  volume: (body: { name: string }) => [body.name],
} as const;

export function owners({ db, read }: StoreDatabase, bundleInForce: () => PolicyBundle | undefined) {
  const labelsOf = db.prepare<[string], { hostname: string; labels: Json<HostLabels> }>(
    /*sql*/ `SELECT hostname, labels FROM host WHERE id = ?`,
  );
  const setHostOwner = db.prepare<[string | null, string]>(/*sql*/ `UPDATE host SET owner = ? WHERE id = ?`);
  const owned = Object.entries(OWNED).map(([table, namesOf]) => ({
    namesOf: namesOf as (body: unknown) => string[],
    ofHost: db.prepare<[string], OwnedRow>(
      /*sql*/ `SELECT rowid, owner, body FROM ${table} WHERE host_id = ?`,
    ),
    set: db.prepare<[string | null, number]>(/*sql*/ `UPDATE ${table} SET owner = ? WHERE rowid = ?`),
  }));

  function resolverOf(hostId: HostId): OwnerOf {
    const host = labelsOf.get(hostId);
    const rules =
      host === undefined
        ? rulesOf({})
        : rulesOf(labelsOfHost({ hostname: host.hostname, labels: fromJson(host.labels) }));
    return (thing) => resolveOwner(thing, rules);
  }

  function rulesOf(labels: HostLabels): OwnerRules {
    const bundle = bundleInForce();
    return bundle === undefined ? NO_OWNER_RULES : ownerRulesFor(bundle, labels);
  }

  return {
    resolverOf,

    /** For all that one host is and holds, after the rules changed. */
    resolveAgain: db.transaction((hostId: HostId): void => {
      const ownerOf = resolverOf(hostId);
      const host = labelsOf.get(hostId);
      if (host === undefined) return;
      const labels = fromJson(host.labels);
      setHostOwner.run(ownerOf({ labels, names: [host.hostname] }) ?? null, hostId);
      for (const { namesOf, ofHost, set } of owned) {
        for (const row of ofHost.all(hostId)) {
          const body = fromJson(row.body);
          const owner = ownerOf({ labels: body.labels, names: namesOf(body) }) ?? null;
          if (owner !== row.owner) set.run(owner, row.rowid);
        }
      }
    }),

    /** Everybody who owns something or stands in a policy's owner map; last, what nobody owns. */
    async list(): Promise<ApiOwner[]> {
      const rows = await sql<{ owner: string | null; what: string; count: number; bytes: number }>`
        SELECT owner, 'hosts' AS what, count(*) AS count, 0 AS bytes FROM host GROUP BY owner
        UNION ALL SELECT owner, 'containers', count(*), 0 FROM container GROUP BY owner
        UNION ALL SELECT owner, 'images', count(*), sum(size_bytes) FROM image GROUP BY owner
        UNION ALL SELECT owner, 'volumes', count(*), 0 FROM volume GROUP BY owner`.execute(read);
      const named = new Map(
        (bundleInForce()?.policies ?? []).flatMap(({ owners }) => Object.entries(owners.map)),
      );
      const names = new Set<string | null>([...named.keys(), ...rows.rows.map((row) => row.owner)]);
      return [...names]
        .sort((a, b) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1))
        .map((owner) => {
          const mine = new Map(rows.rows.filter((row) => row.owner === owner).map((row) => [row.what, row]));
          const count = (what: string) => mine.get(what)?.count ?? 0;
          const { mail, chat } = named.get(owner ?? "") ?? {};
          return {
            owner: owner ?? undefined,
            mail,
            chat,
            hosts: count("hosts"),
            containers: count("containers"),
            images: count("images"),
            imageBytes: mine.get("images")?.bytes ?? 0,
            volumes: count("volumes"),
          };
        });
    },
  };
}
export type Owners = ReturnType<typeof owners>;
