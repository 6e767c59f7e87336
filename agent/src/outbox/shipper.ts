/**
 * Brings what waits in the outbox to the collector: one batch in flight, again and again until it is acknowledged, and
 * an empty one with the agent's status as a heartbeat. Nothing leaves the outbox without a receipt for it.
 */
import {
  MINUTE_MS,
  SECOND_MS,
  errorChain,
  jitteredBackoffMs,
  unreachable,
  type Backoff,
  type Clock,
} from "@shipkeeper/kit";
import { MOST_BATCH_ENTRIES, type AgentStatus, type Receipt } from "@shipkeeper/protocol";
import { startLoop, type Logger, type Service, type SignedClient } from "@shipkeeper/runtime";
import type { Outbox, WaitingBatch } from "./outbox.ts";
import { sendBatch, type Sent } from "./send-batch.ts";

export interface Pace {
  /** The status goes out at least this often. */
  readonly heartbeatMs: number;
  /** What happens together travels together. */
  readonly coalesceMs: number;
  readonly backoff: Backoff;
  /** The wait after a 401 or 403: only a person changes that. */
  readonly notBelievedMs: number;
}

export const PACE: Pace = {
  heartbeatMs: 15 * SECOND_MS,
  coalesceMs: SECOND_MS,
  backoff: { firstMs: SECOND_MS, mostMs: 5 * MINUTE_MS },
  notBelievedMs: 5 * MINUTE_MS,
};

export interface ShipperOptions {
  readonly outbox: Outbox;
  /** Undefined while the host is not enrolled: then everything waits. */
  readonly client: () => SignedClient | undefined;
  readonly status: () => AgentStatus;
  /** Told of each receipt, for what else it says. */
  readonly received: (receipt: Receipt) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pace?: Partial<Pace>;
  readonly random?: () => number;
}

export interface Shipper extends Service {
  /** Something new is there, or the host was just enrolled. Does not shorten a back-off. */
  nudge(): void;
}

export function startShipper(options: ShipperOptions): Shipper {
  const { outbox, client, status, received, clock, log, random = Math.random } = options;
  const pace: Pace = { ...PACE, ...options.pace };
  let failures = 0;
  let lastFailure = "";
  let mostEntries = MOST_BATCH_ENTRIES;

  /** The wait after a failure; said when it begins and when it changes, not at each try. */
  const failed = (
    message: string,
    waitMs = jitteredBackoffMs(pace.backoff, failures + 1, random),
  ): number => {
    failures += 1;
    log[message === lastFailure ? "debug" : "warn"]({ failures, waitMs }, `cannot ship: ${message}`);
    lastFailure = message;
    return waitMs;
  };

  const succeeded = (receipt: Receipt) => {
    if (failures > 0) log.info({ failures }, "shipping works again");
    failures = 0;
    lastFailure = "";
    received(receipt);
  };

  const settle = (batch: WaitingBatch, receipt: Receipt): number => {
    const outcome = outbox.acknowledge(batch, receipt);
    if ("refused" in outcome) return failed(`a receipt was not taken, it is for ${outcome.refused}`);
    // A collector that lies makes one epoch a wait, never a storm of them.
    if ("renewed" in outcome)
      return failed("the outbox is older than what was shipped from it, a new epoch begins");
    for (const { seq, code, message } of receipt.rejected) {
      log.warn({ seq, code }, `the collector refused an entry, it is kept as a dead letter: ${message}`);
    }
    if (batch.entries.length > 0 && outcome.settled === 0) return failed("a receipt settled nothing");
    succeeded(receipt);
    mostEntries = Math.min(MOST_BATCH_ENTRIES, mostEntries * 2);
    return outbox.usage().entries > 0 ? 0 : pace.heartbeatMs;
  };

  /**
   * Halves until the one entry that spoils the batch is alone. It is given up only when the collector takes an empty
   * batch right after: a proxy that refuses everything must not cost a single entry.
   */
  const narrow = async (batch: WaitingBatch, why: Sent & { message: string }, signal: AbortSignal) => {
    const [first, ...others] = batch.entries;
    if (first === undefined) return failed(why.message);
    if (others.length > 0) {
      mostEntries = Math.ceil(batch.entries.length / 2);
      return 0;
    }
    const probe = await send({ ...batch, entries: [], blobs: [] }, signal);
    if (probe.kind !== "receipt") return failed(why.message);
    outbox.bury(first.seq, { code: why.kind, message: why.message });
    log.warn({ seq: first.seq }, `an entry cannot be shipped, it is kept as a dead letter: ${why.message}`);
    return settle({ ...batch, entries: [] }, probe.receipt);
  };

  /** A disk that is full must not make the host look dead: then the heartbeat goes alone. */
  const nextBatch = (): WaitingBatch => {
    try {
      return outbox.nextBatch(mostEntries);
    } catch (error) {
      log.error({ error }, "the outbox cannot be used; only the heartbeat is sent");
      return { epoch: outbox.epoch, after: 0, entries: [], blobs: [] };
    }
  };

  const send = async (batch: WaitingBatch, signal: AbortSignal): Promise<Sent> => {
    const through = client();
    if (through === undefined) return { kind: "failed", message: "this host is not enrolled" };
    return sendBatch(through, batch, { status: status(), now: clock(), signal });
  };

  const turn = async (signal: AbortSignal): Promise<number> => {
    if (client() === undefined) return pace.heartbeatMs;
    const batch = nextBatch();
    const sent = await send(batch, signal);
    switch (sent.kind) {
      case "receipt":
        return settle(batch, sent.receipt);
      case "too-large":
      case "refused":
        return narrow(batch, sent, signal);
      case "not-believed":
        return failed(sent.message, pace.notBelievedMs);
      case "failed":
        return failed(sent.message, sent.retryAfterMs);
      default:
        return unreachable(sent);
    }
  };

  const loop = startLoop({
    name: "shipper",
    log,
    turn: (signal) => turn(signal).catch((error: unknown) => failed(errorChain(error))),
    retryMs: pace.backoff.mostMs,
  });

  let soon: NodeJS.Timeout | undefined;
  const nudge = () => {
    if (failures > 0 || soon !== undefined) return;
    soon = setTimeout(() => {
      soon = undefined;
      loop.nudge();
    }, pace.coalesceMs);
  };
  outbox.onAppend(nudge);

  return {
    name: loop.name,
    nudge,
    async stop() {
      clearTimeout(soon);
      await loop.stop();
    },
  };
}
