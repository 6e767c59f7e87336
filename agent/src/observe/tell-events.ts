import { MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { EngineEvent } from "@shipkeeper/docker";
import type { EntryOf } from "@shipkeeper/protocol";

/** A container that dies five times a second is one piece of news a minute. */
const TELL_AGAIN_MS = MINUTE_MS;
const MOST_REMEMBERED = 10_000;

/** Passes on what happens to containers and is worth telling, at a pace that people and disks can bear. */
export function tellEvents(tell: (entry: EntryOf<"event">) => void) {
  const told = new Map<string, { at: Instant; untold: number }>();

  return {
    take(event: EngineEvent): void {
      const what = newsOf(event);
      if (what === undefined) return;
      const key = `${what} ${event.subject}`;
      const last = told.get(key);
      if (last !== undefined && event.at - last.at < TELL_AGAIN_MS) {
        last.untold += 1;
        return;
      }
      if (told.size >= MOST_REMEMBERED) told.clear();
      told.set(key, { at: event.at, untold: 0 });
      tell(entryOf(event, what, last?.untold ?? 0));
    },
  };
}

function newsOf({ type, action, attributes }: EngineEvent): string | undefined {
  if (type !== "container") return undefined;
  if (action === "die") return "container-died";
  if (action === "oom") return "container-out-of-memory";
  if (action !== "health_status") return undefined;
  const health = attributes["health"];
  return health === "healthy" || health === "unhealthy" ? `container-${health}` : undefined;
}

function entryOf({ subject, attributes, at }: EngineEvent, what: string, untold: number): EntryOf<"event"> {
  const { name = "", image, exitCode } = attributes;
  return {
    kind: "event",
    at,
    what,
    subject: { type: "container", id: subject, name },
    facts: {
      ...(image !== undefined && { image }),
      ...(exitCode !== undefined && { exitCode: Number(exitCode) }),
      ...(untold > 0 && { untoldBefore: untold }),
    },
  };
}
