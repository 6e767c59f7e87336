import { formatInstant, type Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { LONGEST_ORDER_MS, type Order } from "@shipkeeper/protocol";
import { OrderRefused, openOrder } from "@shipkeeper/runtime";

export interface OrderQuestion {
  /** Fingerprints of the keys that may sign policies. */
  readonly policyKeys: readonly string[];
  readonly hostId: HostId;
  readonly now: Instant;
}

/** Whoever signed may have a clock that is ahead. */
const CLOCK_SKEW_MS = 5 * 60_000;

/** The order, if it is genuine, for this host and in its time. Throws `OrderRefused`. */
export function judgeOrder(raw: unknown, { policyKeys, hostId, now }: OrderQuestion): Order {
  const order = openOrder(raw, policyKeys);
  const { issuedAt, expiresAt } = order;
  if (order.hostId !== hostId) throw new OrderRefused(`the order is for host ${order.hostId}`);
  if (expiresAt <= now) throw new OrderRefused(`the order's time is over since ${formatInstant(expiresAt)}`);
  if (issuedAt > now + CLOCK_SKEW_MS) throw new OrderRefused(`the order is of ${formatInstant(issuedAt)}`);
  if (expiresAt - issuedAt > LONGEST_ORDER_MS)
    throw new OrderRefused("the order lives for longer than 7 days");
  return order;
}
