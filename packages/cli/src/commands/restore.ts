import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { OperationalError, SECOND_MS, parseInstant, printable, type Instant } from "@shipkeeper/kit";
import {
  apiHostSchema,
  apiOrderSchema,
  orderSchema,
  ordersQuerySchema,
  signOrder,
  type ApiOrder,
  type Order,
} from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { connectApi, type Api } from "../api.ts";
import { WrongUsage } from "../exit-codes.ts";
import { addListCommand, hostFilter, printJson } from "../list-command.ts";
import type { Tone } from "../output/table.ts";
import { orDash, time } from "../output/words.ts";
import { signingKey } from "../signing.ts";
import type { Surroundings } from "../surroundings.ts";
import { duration } from "../values.ts";

class OrderFailed extends OperationalError {
  override readonly name = "OrderFailed";
  readonly code = "order_failed";
  readonly retryable = false;
}

interface RestoreFlags {
  readonly dataset?: string;
  readonly at?: Instant;
  readonly host: string;
  readonly onto?: string;
  readonly repository?: string;
  readonly into?: string;
  readonly inPlace?: true;
  readonly files?: string[];
  readonly key?: string;
  readonly expires: number;
  readonly dryRun?: boolean;
  readonly wait?: boolean;
  readonly json?: boolean;
}

export function addRestoreCommands(program: Command, surroundings: Surroundings): void {
  program
    .command("restore")
    .description("order a host to restore: signed here, so that no collector can order it by itself")
    .argument("[restore-point]", "its id or the beginning of it; or --dataset")
    .option("--dataset <id>", "the newest restore point of this dataset, such as volume:shop-data")
    .addOption(new Option("--at <time>", "the newest that is not after this time").argParser(instant))
    .requiredOption("--host <name>", "whose data it is, and which host restores")
    .option("--onto <name>", "another host that restores it")
    .option("--repository <name>", "from this repository only, as the restoring host names it")
    .addOption(new Option("--into <volume>", "a new volume").conflicts("inPlace"))
    .option("--in-place", "over what is there; the host's guardrails must allow it")
    .addOption(new Option("--files <paths...>", "with --into: only these files").conflicts("inPlace"))
    .option("--key <file>", "the policy key to sign with (default: the context's policyKey)")
    .addOption(
      new Option("--expires <duration>", "how long it may wait for its host")
        .argParser(duration)
        .default(duration("1h"), "1h"),
    )
    .option("--dry-run", "print the order, and neither sign nor post it")
    .option("--wait", "wait for its end, and fail where it fails")
    .option("--json", "print JSON")
    .action((restorePoint: string | undefined, flags: RestoreFlags) =>
      orderRestore(restorePoint, flags, surroundings),
    );

  addListCommand(program, surroundings, {
    name: "orders",
    description: "what hosts were ordered to do, and what came of it",
    item: apiOrderSchema,
    columns: [
      { head: "issued", cell: (order) => time(order.issuedAt) },
      { head: "host", cell: (order) => order.host },
      { head: "order", cell: (order) => describe(order) },
      { head: "by", cell: (order) => order.postedBy },
      { head: "state", cell: (order) => order.state, tone: (order) => TONES[order.state] },
      { head: "said", cell: (order) => orDash(order.message) },
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

const ENDS: ReadonlySet<ApiOrder["state"]> = new Set(["done", "refused", "failed", "expired"]);
const ASK_EVERY_MS = 2 * SECOND_MS;

async function orderRestore(
  restorePoint: string | undefined,
  flags: RestoreFlags,
  surroundings: Surroundings,
): Promise<void> {
  const { out } = surroundings;
  const api = connectApi(surroundings);
  const order = await makeOrder(api, surroundings.now(), restorePoint, flags);
  if (flags.dryRun === true) return printJson(surroundings, order);

  const posted = await api.post("orders", signOrder(order, signingKey(surroundings, flags)), apiOrderSchema);
  if (flags.json !== true) out.write(`order ${posted.id}: ${describe(posted)} on ${posted.host}\n`);
  const ended = flags.wait === true ? await untilEnd(api, posted, flags, surroundings) : posted;
  if (flags.json === true) printJson(surroundings, ended);
  else if (flags.wait !== true)
    out.write("the host takes it within seconds; `shipkeeper orders` follows it\n");
  if (ENDS.has(ended.state) && ended.state !== "done") {
    throw new OrderFailed(`the order is ${ended.state}${because(ended)}`);
  }
}

async function makeOrder(
  api: Api,
  issuedAt: Instant,
  restorePoint: string | undefined,
  flags: RestoreFlags,
): Promise<Order> {
  const { dataset, at, repository, into, inPlace, files, expires } = flags;
  const source = await hostId(api, flags.host);
  const made = orderSchema.safeParse({
    format: 1,
    id: randomUUID(),
    hostId: flags.onto === undefined ? source : await hostId(api, flags.onto),
    issuedAt,
    expiresAt: issuedAt + expires,
    what: {
      kind: "restore",
      restorePoint,
      dataset,
      at,
      repository,
      into,
      inPlace,
      files,
      ...(dataset !== undefined && { sourceHostId: source }),
    },
  });
  if (made.success) return made.data;
  throw new WrongUsage(
    made.error.issues.map(({ message, path }) => `${path.join(".")}: ${message}`).join("; "),
  );
}

async function hostId(api: Api, name: string): Promise<string> {
  return (await api.get(`hosts/${encodeURIComponent(name)}`, apiHostSchema.pick({ id: true }))).id;
}

/** Tells what the host says of it, each word once. */
async function untilEnd(
  api: Api,
  posted: ApiOrder,
  { json }: RestoreFlags,
  { out }: Surroundings,
): Promise<ApiOrder> {
  let said: string | undefined;
  for (;;) {
    const order = await api.get(`orders/${posted.id}`, apiOrderSchema);
    const line = `${order.state}${because(order)}`;
    if (json !== true && line !== said) out.write(`${line}\n`);
    said = line;
    if (ENDS.has(order.state)) return order;
    await wait(ASK_EVERY_MS);
  }
}

const because = ({ message }: ApiOrder) => (message === undefined ? "" : `: ${printable(message)}`);

function describe({ what }: Pick<ApiOrder, "what">): string {
  const source = what.restorePoint?.slice(0, 8) ?? what.dataset ?? "";
  return `restore ${source} ${what.into === undefined ? "in place" : `into ${what.into}`}`;
}

function instant(text: string): Instant {
  const at = parseInstant(text);
  if (at === undefined) throw new WrongUsage(`${text} is no time such as 2030-01-31T02:00:00Z`);
  return at;
}
