import { apiOrderSchema, ordersQuerySchema, type ApiOrder } from "@shipkeeper/protocol";
import type { Command } from "commander";
import { addListCommand, hostFilter } from "../list-command.ts";
import { describeOrder } from "../ordering.ts";
import type { Tone } from "../output/table.ts";
import { orDash, time } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addOrdersCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "orders",
    description: "what hosts were ordered to do, and what came of it",
    item: apiOrderSchema,
    columns: [
      { head: "issued", cell: (order) => time(order.issuedAt) },
      { head: "host", cell: (order) => order.host },
      { head: "order", cell: (order) => describeOrder(order) },
      { head: "by", cell: (order) => order.postedBy },
      { head: "state", cell: (order) => order.state, tone: (order) => TONES[order.state] },
      { head: "said", cell: (order) => orDash(order.message?.split("\n", 1)[0]) },
      { head: "id", cell: (order) => order.id, tone: () => "quiet" },
    ],
    filters: [hostFilter()],
    sorts: ordersQuerySchema.shape.sort.unwrap().options,
  });
}

const TONES: Record<ApiOrder["state"], Tone> = {
  waiting: "warning",
  accepted: "warning",
  progress: "warning",
  done: "good",
  refused: "bad",
  failed: "bad",
  expired: "bad",
};
