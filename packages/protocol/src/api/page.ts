/** What every list of the API has in common: pages, order, errors, and who may ask. */
import * as z from "zod";

export const MOST_PAGE_ITEMS = 500;

/** `json` unless the request says otherwise, here or in its `accept` header. */
const formatSchema = z.enum(["json", "csv"]);

/** A query's number: it travels as text. */
export const queryInteger = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

/** A query's yes or no. `z.coerce.boolean` would read `false` as true. */
export const queryFlag = z.enum(["true", "false"]).transform((text) => text === "true");

/** The query of a list: its page, its order (`-` in front: largest first), and the filters that `filters` adds. */
export function listQuery<const Sort extends string, Filters extends z.ZodRawShape>(
  { sorts, order }: { sorts: readonly Sort[]; order: NoInfer<Sort> | `-${NoInfer<Sort>}` },
  filters: Filters,
) {
  type Order = Sort | `-${Sort}`;
  const orders = sorts.flatMap((sort): Order[] => [sort, `-${sort}`]);
  return z.strictObject({
    limit: queryInteger(1, MOST_PAGE_ITEMS).default(100),
    /** `nextCursor` of the page before. Good for the same filters and the same order only. */
    cursor: z.string().max(2_048).optional(),
    // The compiler cannot see that a generic union of texts has no undefined in it.
    sort: z.enum(orders).default(order as never),
    format: formatSchema.optional(),
    ...filters,
  });
}

/** A page of a list; `nextCursor` asks for the following one, absent on the last. */
export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

export interface Page<Item> {
  items: Item[];
  nextCursor?: string | undefined;
}

/** RFC 9457, `application/problem+json`. */
export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    /** For programs: stable, lower_snake_case. */
    code: z.string(),
    /** For people: what was tried and why it did not work. */
    detail: z.string(),
    /** One sentence per mistake, where there are several. */
    problems: z.array(z.string()).optional(),
    /** The collector's clock, where the sender's was wrong. */
    serverTime: z.int().optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problemSchema>;

/** Readers see everything, operators also push policies and enrol hosts, admins also hand out tokens. */
export const roleSchema = z.enum(["reader", "operator", "admin"]);
export type Role = z.infer<typeof roleSchema>;
