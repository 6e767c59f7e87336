/** Pages of a list by key, never by offset: a page costs the same at the end of a million rows as at its start. */
import { InvalidInput } from "@shipkeeper/kit";
import type { Page } from "@shipkeeper/protocol";
import { sql, type RawBuilder, type SelectQueryBuilder } from "kysely";
import * as z from "zod";

export interface PageRequest<Sort extends string> {
  readonly limit: number;
  readonly cursor?: string | undefined;
  /** With `-` in front: largest first. */
  readonly sort: Sort;
}

export interface PageOrder<Sort extends string> {
  /** What each sort orders by. Never null: nulls have no place between two values. */
  readonly by: { readonly [Name in Sort as Name extends `-${string}` ? never : Name]: RawBuilder<unknown> };
  /** Unique, so that rows that are equal by `by` still have an order. */
  readonly key: RawBuilder<unknown>;
}

const cursorSchema = z.tuple([
  z.string(),
  z.union([z.string(), z.number()]),
  z.union([z.string(), z.number()]),
]);

/** Reads one row more than asked for, to know whether there is a next page. */
export async function readPage<DB, TB extends keyof DB, Row, Item, Sort extends string>(
  query: SelectQueryBuilder<DB, TB, Row>,
  request: PageRequest<Sort>,
  order: PageOrder<Sort>,
  toItem: (row: Row) => Item,
): Promise<Page<Item>> {
  const descending = request.sort.startsWith("-");
  const name = descending ? request.sort.slice(1) : request.sort;
  const by = (order.by as Readonly<Record<string, RawBuilder<unknown>>>)[name];
  if (by === undefined) throw new InvalidInput("cannot order this list", [`sort: ${name} is not known here`]);

  const direction = descending ? "desc" : "asc";
  let page = query
    .select([by.as("page_by"), order.key.as("page_key")])
    .orderBy(by, direction)
    .orderBy(order.key, direction)
    .limit(request.limit + 1);
  if (request.cursor !== undefined) {
    const [after, key] = readCursor(request.cursor, request.sort);
    const beyond = descending ? sql`<` : sql`>`;
    page = page.where(sql<boolean>`(${by}, ${order.key}) ${beyond} (${after}, ${key})`);
  }

  const rows = (await page.execute()) as (Row & { page_by: unknown; page_key: unknown })[];
  const shown = rows.slice(0, request.limit);
  const last = shown.at(-1);
  const items = shown.map((row) => toItem(row));
  if (rows.length <= request.limit || last === undefined) return { items };
  return { items, nextCursor: writeCursor([request.sort, last.page_by, last.page_key]) };
}

function writeCursor(parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts), "utf8").toString("base64url");
}

function readCursor(cursor: string, sort: string): readonly [after: string | number, key: string | number] {
  try {
    const [sortedBy, after, key] = cursorSchema.parse(
      JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")),
    );
    if (sortedBy === sort) return [after, key];
  } catch (error) {
    throw new InvalidInput("cannot go on from this cursor", ["cursor: it was not made by this collector"], {
      cause: error,
    });
  }
  throw new InvalidInput("cannot go on from this cursor", ["cursor: it belongs to a list in another order"]);
}

/** `%text%` for LIKE … ESCAPE '\\', with the wildcards of the text itself taken literally. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, "\\$&")}%`;
}

/** For a filter on the host, which people may name by its id or by its host name. */
export function hostIs(idOrName: string): RawBuilder<boolean> {
  return sql<boolean>`(host.id = ${idOrName} OR host.hostname = ${idOrName})`;
}
