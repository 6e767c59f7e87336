/** What every command that orders a host to do something has in common: signed here, posted, followed to its end. */
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import {
  OperationalError,
  SECOND_MS,
  parseInstant,
  printableLines,
  unreachable,
  type Instant,
} from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { apiHostSchema, apiOrderSchema, orderSchema, signOrder, type ApiOrder } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import type { Api } from "./api.ts";
import { WrongUsage } from "./exit-codes.ts";
import { printJson } from "./list-command.ts";
import { signingKey } from "./signing.ts";
import type { Surroundings } from "./surroundings.ts";
import { duration } from "./values.ts";

class OrderFailed extends OperationalError {
  override readonly name = "OrderFailed";
  readonly code = "order_failed";
  readonly retryable = false;
}

export interface OrderFlags {
  readonly key?: string;
  readonly expires: number;
  readonly wait?: boolean;
  readonly json?: boolean;
}

export function orderOptions(command: Command): Command {
  return command
    .option("--key <file>", "the policy key to sign with (default: the context's policyKey)")
    .addOption(
      new Option("--expires <duration>", "how long it may wait for its host")
        .argParser(duration)
        .default(duration("1h"), "1h"),
    )
    .option("--wait", "wait for its end, and fail where it fails")
    .option("--json", "print JSON");
}

export const atOption = (what: string) => new Option("--at <time>", what).argParser(instant);

export interface OrderDraft {
  readonly hostId: HostId;
  readonly issuedAt: Instant;
  readonly expires: number;
  /** As the command line has it: members may be missing or contradict each other. */
  readonly what: object;
}

/** Throws `WrongUsage` where it makes no sense. */
export function makeOrder({ hostId, issuedAt, expires, what }: OrderDraft) {
  const expiresAt = issuedAt + expires;
  const made = orderSchema.safeParse({ format: 1, id: randomUUID(), hostId, issuedAt, expiresAt, what });
  if (made.success) return made.data;
  throw new WrongUsage(
    made.error.issues.map(({ message, path }) => `${path.join(".")}: ${message}`).join("; "),
  );
}

/** Signs and posts it, and tells what the host says of it. Throws `OrderFailed` where it ended badly. */
export async function placeOrder(
  api: Api,
  order: ReturnType<typeof makeOrder>,
  flags: OrderFlags,
  surroundings: Surroundings,
): Promise<void> {
  const { out } = surroundings;
  const posted = await api.post("orders", signOrder(order, signingKey(surroundings, flags)), apiOrderSchema);
  if (flags.json !== true) out.write(`order ${posted.id}: ${describeOrder(posted)} on ${posted.host}\n`);
  const ended = flags.wait === true ? await untilEnd(api, posted, flags, surroundings) : posted;
  if (flags.json === true) printJson(surroundings, ended);
  else if (flags.wait !== true)
    out.write("the host takes it within seconds; `shipkeeper orders` follows it\n");
  if (ENDS.has(ended.state) && ended.state !== "done") {
    throw new OrderFailed(`the order is ${ended.state}${because(ended)}`);
  }
}

/** By its name or id, also of a host that is lost. */
export async function hostIdOf(api: Api, name: string): Promise<HostId> {
  return (await api.get(`hosts/${encodeURIComponent(name)}`, apiHostSchema.pick({ id: true }))).id;
}

export function describeOrder({ what }: Pick<ApiOrder, "what">): string {
  switch (what.kind) {
    case "restore": {
      const source = what.restorePoint?.slice(0, 8) ?? what.dataset ?? "";
      return `restore ${source} ${what.into === undefined ? "in place" : `into ${what.into}`}`;
    }
    case "recover": {
      const plan = what.dryRun === true ? "plan to " : "";
      return `${plan}recover host ${what.sourceHostId.slice(0, 8)} from ${what.repository}`;
    }
    default:
      return unreachable(what);
  }
}

const ENDS: ReadonlySet<ApiOrder["state"]> = new Set(["done", "refused", "failed", "expired"]);
const ASK_EVERY_MS = 2 * SECOND_MS;

/** Tells what the host says of it, each word once. */
async function untilEnd(
  api: Api,
  posted: ApiOrder,
  { json }: OrderFlags,
  { out }: Surroundings,
): Promise<ApiOrder> {
  let said: string | undefined;
  for (;;) {
    const order = await api.get(`orders/${posted.id}`, apiOrderSchema);
    const line = `${order.state}${because(order)}`;
    const isTold = order.state === "done" || !ENDS.has(order.state);
    if (json !== true && isTold && line !== said) out.write(`${line}\n`);
    said = line;
    if (ENDS.has(order.state)) return order;
    await wait(ASK_EVERY_MS);
  }
}

const because = ({ message }: ApiOrder) => (message === undefined ? "" : `: ${printableLines(message)}`);

function instant(text: string): Instant {
  const at = parseInstant(text);
  if (at === undefined) throw new WrongUsage(`${text} is no time such as 2030-01-31T02:00:00Z`);
  return at;
}
