/** Every list of the API is one of these: a page of items as JSON, or as CSV where that is asked for. */
import { toCsv } from "@shipkeeper/kit";
import { problemSchema, pageOf, type Page } from "@shipkeeper/protocol";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type * as z from "zod";

export interface ListRoute<Query extends z.ZodObject, Item extends z.ZodObject> {
  readonly url: string;
  readonly summary: string;
  readonly query: Query;
  readonly item: Item;
  readonly read: (query: z.output<Query>) => Promise<Page<z.output<Item>>>;
}

export function listRoute<Query extends z.ZodObject, Item extends z.ZodObject>(
  app: FastifyInstance,
  { url, summary, query, item, read }: ListRoute<Query, Item>,
): void {
  app.get(
    url,
    {
      config: { role: "reader" },
      schema: { summary, querystring: query, response: { 200: pageOf(item), "4xx": problemSchema } },
    },
    async (request, reply) => {
      const page = await read(request.query as z.output<Query>);
      if (!wantsCsv(request)) return reply.send(page);
      return sendCsv(request, reply, {
        columns: Object.keys(item.shape),
        rows: page.items,
        nextCursor: page.nextCursor,
      });
    },
  );
}

export function wantsCsv({ query, headers }: FastifyRequest): boolean {
  const format = (query as { format?: "json" | "csv" }).format;
  return format === undefined ? (headers.accept ?? "").includes("text/csv") : format === "csv";
}

export function sendCsv(
  request: FastifyRequest,
  reply: FastifyReply,
  {
    columns,
    rows,
    nextCursor,
  }: { columns: readonly string[]; rows: readonly object[]; nextCursor?: string | undefined },
): FastifyReply {
  if (nextCursor !== undefined) void reply.header("link", `<${nextPage(request, nextCursor)}>; rel="next"`);
  const cells = rows.map((row) => columns.map((column) => (row as Record<string, unknown>)[column]));
  return reply.type("text/csv; charset=utf-8; header=present").send(toCsv(columns, cells));
}

/** CSV has no place for a cursor, so it stands in the `link` header (RFC 8288). */
function nextPage(request: FastifyRequest, cursor: string): string {
  const [path = "", query] = (request.raw.url ?? "").split("?", 2);
  const parameters = new URLSearchParams(query);
  parameters.set("cursor", cursor);
  return `${path}?${parameters.toString()}`;
}
