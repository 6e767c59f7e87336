/**
 * Takes orders that an operator signed for one host, and hands each to the host that it is for. It can neither make one
 * nor change it, and the host believes nothing that it does not verify itself: what is checked here is for people's sake.
 */
import type { Instant } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { LONGEST_ORDER_MS, signedOrderSchema, type Order } from "@shipkeeper/protocol";
import { OrderRefused, openOrder, type Logger } from "@shipkeeper/runtime";
import type { Store } from "../store/store.ts";

export interface OrderDesk {
  /** Throws `OrderRefused` where its host would refuse it, or it was posted before. */
  post(raw: unknown, posted: { at: Instant; by: string }): Order;
}

export interface OrderDeskOptions {
  readonly store: Store;
  readonly log: Logger;
  /** Fingerprints of the keys that may sign. */
  readonly trustedKeys: () => readonly string[];
  /** The host has something to fetch. */
  readonly wake: (hostId: HostId) => void;
}

export function openOrderDesk({ store, log, trustedKeys, wake }: OrderDeskOptions): OrderDesk {
  return {
    post(raw, { at, by }) {
      const order = openOrder(raw, trustedKeys());
      const { id, hostId, issuedAt, expiresAt } = order;
      if (!store.hosts.ids().includes(hostId)) throw new OrderRefused(`host ${hostId} is not known here`);
      if (expiresAt <= at) throw new OrderRefused("the order's time is over");
      if (expiresAt - issuedAt > LONGEST_ORDER_MS) throw new OrderRefused("an order waits 7 days at most");
      if (!store.orders.add(order, signedOrderSchema.parse(raw), by)) {
        throw new OrderRefused(`an order ${id} was posted before: each is taken once`);
      }
      log.info({ orderId: id, hostId, by, what: order.what.kind }, "an order was posted");
      wake(hostId);
      return order;
    },
  };
}
