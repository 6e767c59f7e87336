import { problemSchema } from "@shipkeeper/protocol";
import type { FastifyInstance } from "fastify";
import type * as z from "zod";
import { notFound } from "./problem.ts";

export interface ItemRoute<Params extends z.ZodObject, Item extends z.ZodType> {
  readonly url: string;
  readonly summary: string;
  readonly params: Params;
  readonly item: Item;
  readonly read: (params: z.output<Params>) => Promise<z.output<Item> | undefined>;
  /** What is not there, where `read` finds nothing. */
  readonly what: (params: z.output<Params>) => string;
}

/** One thing of the API by its name, or the answer that there is none. */
export function itemRoute<Params extends z.ZodObject, Item extends z.ZodType>(
  app: FastifyInstance,
  { url, summary, params, item, read, what }: ItemRoute<Params, Item>,
): void {
  app.get(
    url,
    {
      config: { role: "reader" },
      schema: { summary, params, response: { 200: item, "4xx": problemSchema } },
    },
    async ({ params: given }) => {
      const named = given as z.output<Params>;
      const found = await read(named);
      if (found === undefined) throw notFound(what(named));
      return found;
    },
  );
}
