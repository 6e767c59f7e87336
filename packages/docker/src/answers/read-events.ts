import * as z from "zod";
import { number, text, textMap } from "./answer-schemas.ts";
import { EngineAnswerInvalid } from "../engine-errors.ts";
import type { EngineEvent } from "../engine.ts";

/**
 * What the engine is asked to send. Every health probe makes three exec events, and the engine remembers 256 events
 * for those who come back: unfiltered, twenty probed containers turn them over within a minute.
 */
export const EVENT_FILTERS = {
  type: ["container", "image", "volume", "network", "daemon", "builder"],
  // prettier-ignore
  event: [
    "create", "start", "restart", "stop", "kill", "die", "oom", "pause", "unpause", "destroy", "rename", "update",
    "health_status", "pull", "push", "tag", "untag", "delete", "import", "load",
    "connect", "disconnect", "mount", "remove", "prune", "reload",
  ],
} as const;

const eventAnswer = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: text, Attributes: textMap }),
  timeNano: number,
});

const eventTypeSchema = z.enum(EVENT_FILTERS.type);

/** The engine repeats all labels of a container among the attributes: only what belongs to the event is kept. */
const KEPT_ATTRIBUTES = ["image", "name", "exitCode", "signal", "container", "oldName", "reclaimed"];

/** Longer than any event with the labels that an engine accepts. */
const LONGEST_EVENT = 4 * 1024 * 1024;

const ATTEMPT = "follow its events";

/** The events in a stream of JSON texts, each on its own line. Throws `EngineAnswerInvalid`. */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<EngineEvent> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_EVENT) throw new EngineAnswerInvalid(ATTEMPT, "an event is too long");
    for (const line of lines) {
      const event = line.trim() === "" ? undefined : readEvent(line);
      if (event !== undefined) yield event;
    }
  }
}

/** Undefined for a kind of event that we do not know: a newer engine may have more of them. */
export function readEvent(line: string): EngineEvent | undefined {
  const { Type, Action, Actor, timeNano } = parseEvent(line);
  const type = eventTypeSchema.safeParse(Type).data;
  if (type === undefined) return undefined;

  // `health_status: unhealthy` and `exec_create: /bin/sh` carry what they are about behind a colon.
  const [action = "", detail] = Action.split(": ", 2);
  const attributes = Object.fromEntries(
    KEPT_ATTRIBUTES.flatMap((key) => {
      const value = Actor.Attributes[key];
      return value === undefined ? [] : [[key, value]];
    }),
  );
  if (action === "health_status" && detail !== undefined) attributes["health"] = detail;
  return { type, action, subject: Actor.ID, attributes, at: Math.floor(timeNano / 1e6) };
}

function parseEvent(line: string): z.output<typeof eventAnswer> {
  try {
    return eventAnswer.parse(JSON.parse(line));
  } catch (error) {
    throw new EngineAnswerInvalid(ATTEMPT, "an event is not readable", { cause: error });
  }
}
