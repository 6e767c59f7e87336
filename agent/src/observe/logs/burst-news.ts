import type { Instant } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import type { LogBurst } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";

/** What is worth telling at once: that a log began to burst, or that it calmed down. */
export function burstNews(
  { id, name }: Pick<Container, "id" | "name">,
  { before, after }: { before: LogBurst | undefined; after: LogBurst | undefined },
  at: Instant,
): EntryOf<"event">[] {
  const burst = after ?? before;
  if (burst === undefined || (before === undefined) === (after === undefined)) return [];
  const { since, why, pattern, perMinute, limitPerMinute } = burst;
  return [
    {
      kind: "event",
      at,
      what: after === undefined ? "log-burst-ended" : "log-burst",
      subject: { type: "container", id, name },
      facts: {
        why,
        ...(pattern === undefined ? {} : { pattern }),
        perMinute,
        limitPerMinute,
        ...(after === undefined ? { lastedMs: at - since } : {}),
      },
    },
  ];
}
