import type { Database } from "@shipkeeper/runtime";

export type Documents = ReturnType<typeof documents>;

/** Small JSON documents by key: for what is only ever read and written whole, by the part of the agent that knows its form. */
export function documents(db: Database, { table, key, column }: Record<"table" | "key" | "column", string>) {
  const select = db.prepare<[], { key: string; document: string }>(/*sql*/ `
    SELECT ${key} AS key, ${column} AS document FROM ${table}`);
  const put = db.prepare(/*sql*/ `
    INSERT INTO ${table} (${key}, ${column}) VALUES (?, ?)
    ON CONFLICT (${key}) DO UPDATE SET ${column} = excluded.${column}`);
  const remove = db.prepare(/*sql*/ `DELETE FROM ${table} WHERE ${key} = ?`);

  return {
    /** As they were written; whoever reads them judges them. */
    all(): ReadonlyMap<string, unknown> {
      return new Map(select.all().map(({ key, document }) => [key, JSON.parse(document) as unknown]));
    },
    /** In one commit; undefined removes. */
    save: db.transaction((changes: ReadonlyMap<string, unknown>) => {
      for (const [key, document] of changes) {
        if (document === undefined) remove.run(key);
        else put.run(key, JSON.stringify(document));
      }
    }),
  };
}
