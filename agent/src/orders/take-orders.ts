/**
 * Fetches what an operator ordered this host to do, and does it: once, one after the other. A collector hands orders on; it
 * can withhold one, and neither make nor repeat one (P8).
 */
import { MINUTE_MS, SECOND_MS, errorChain, type Clock } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import {
  LONGEST_ORDER_MS,
  MOST_ORDERS,
  MOST_ORDER_BYTES,
  MOST_ORDER_SAID,
  waitingOrdersSchema,
  type EntryOf,
  type Order,
  type OrderState,
} from "@shipkeeper/protocol";
import {
  OrderRefused,
  sha256Hex,
  startLoop,
  type Logger,
  type Service,
  type SignedClient,
} from "@shipkeeper/runtime";
import type { TakenOrders } from "../ledger/taken-orders.ts";
import { judgeOrder } from "./judge-order.ts";
import { performOrder, type Performers } from "./performers.ts";

export interface OrdersOptions {
  readonly client: () => Pick<SignedClient, "call"> | undefined;
  readonly policyKeys: () => readonly string[];
  /** Undefined while the host is not enrolled. */
  readonly hostId: () => HostId | undefined;
  readonly taken: TakenOrders;
  readonly performers: Performers;
  /** Throws where an entry cannot be queued: then nothing is begun. */
  readonly record: (entry: EntryOf<"order-progress">) => void;
  readonly trouble: (code: string, message: string) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface Orders extends Service {
  /** Some are waiting. */
  nudge(): void;
}

/** A collector that says so in every answer; else nobody asks. */
const IDLE_MS = 60 * MINUTE_MS;
const PROGRESS_EVERY_MS = 5 * SECOND_MS;
const MOST_ANSWER_BYTES = MOST_ORDERS * (2 * MOST_ORDER_BYTES + 4_096);
/** By these codes nothing was begun. */
const REFUSALS: ReadonlySet<unknown> = new Set(["restore_refused", "recovery_refused", "invalid_input"]);
/** Signs of orders that were refused; a collector may make up any number. */
const MOST_TOLD = 100;

export function takeOrders(options: OrdersOptions): Orders {
  const { client, policyKeys, hostId, taken, performers, record, trouble, clock, log } = options;
  const told = new Set<string>();

  const tell = (orderId: string, state: OrderState, message: string) =>
    record({
      kind: "order-progress",
      at: clock(),
      orderId,
      state,
      message: message.slice(0, MOST_ORDER_SAID),
    });

  /** What a crash cut off is not begun again: whoever ordered it decides by what is there. */
  const settle = () => {
    for (const id of taken.open()) {
      tell(id, "failed", "the agent ended while it was under way; look at what is there, and order it anew");
      taken.end(id);
    }
  };

  const refuse = (raw: unknown, error: OrderRefused) => {
    const sign = sha256Hex(JSON.stringify(raw) ?? "");
    if (told.has(sign) || told.size >= MOST_TOLD) return;
    told.add(sign);
    trouble("order_refused", errorChain(error));
  };

  const perform = async ({ id, what }: Order, signal: AbortSignal) => {
    if (!taken.take(id, clock())) return;
    tell(id, "accepted", `to ${what.kind}`);
    log.warn({ orderId: id, what: what.kind }, "an order is taken");
    let last = -Infinity;
    const onProgress = (line: string) => {
      log.info({ orderId: id }, line);
      if (clock() - last < PROGRESS_EVERY_MS) return;
      last = clock();
      tell(id, "progress", line);
    };
    try {
      const said = await performOrder(performers, what.kind, what, { orderId: id, onProgress, signal });
      tell(id, "done", said);
    } catch (error) {
      const refused = REFUSALS.has((error as { code?: unknown }).code);
      tell(id, refused ? "refused" : "failed", errorChain(error));
    }
    taken.end(id);
  };

  const turn = async (signal: AbortSignal): Promise<number> => {
    settle();
    taken.forgetBefore(clock() - 2 * LONGEST_ORDER_MS);
    const through = client();
    const self = hostId();
    if (through === undefined || self === undefined) return MINUTE_MS;
    const { status, body } = await through.call({
      method: "GET",
      target: "/agent/v1/orders",
      deadlineMs: 15 * SECOND_MS,
      mostAnswerBytes: MOST_ANSWER_BYTES,
      signal,
    });
    if (status === 404) return IDLE_MS; // an older collector
    if (status !== 200) throw new Error(`the collector answered ${status} to the question for orders`);
    for (const raw of waitingOrdersSchema.parse(JSON.parse(body.toString("utf8")))) {
      if (signal.aborted) return 0;
      let order;
      try {
        order = judgeOrder(raw, { policyKeys: policyKeys(), hostId: self, now: clock() });
      } catch (error) {
        if (!(error instanceof OrderRefused)) throw error;
        refuse(raw, error);
        continue;
      }
      await perform(order, signal);
    }
    return IDLE_MS;
  };

  return startLoop({ name: "orders", log, turn, retryMs: MINUTE_MS });
}
