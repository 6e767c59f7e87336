/**
 * Pauses of healing that somebody on the host ordered, in a file that both the agent and the operator's commands read.
 * Only the commands write it. Where it cannot be used, healing is paused: a pause may be meant by it.
 */
import { DAY_MS, HOUR_MS, errorChain, formatInstant, type Instant } from "@shipkeeper/kit";
import { instantSchema } from "@shipkeeper/model";
import { pauseSchema, type Pause } from "@shipkeeper/policy";
import { writeFileDurably } from "@shipkeeper/runtime";
import * as z from "zod";
import { hostFile } from "./host-file.ts";

/** In the agent's state folder. */
export const PAUSES_FILE = "pauses.json";
export const LONGEST_PAUSE_MS = 7 * DAY_MS;
export const LONGEST_REASON = 200;
const MOST_PAUSES = 100;

const fileSchema = z.strictObject({
  pauses: z
    .array(z.strictObject({ ...pauseSchema.shape, since: instantSchema }))
    .max(MOST_PAUSES)
    .readonly(),
});

/** A pause and when it was ordered. */
export type OrderedPause = z.infer<typeof fileSchema>["pauses"][number];

export interface PausesNow {
  readonly pauses: readonly OrderedPause[];
  /** Why the file cannot be used. */
  readonly problem?: string;
}

/** Reads the pauses in force; the file is opened only where it changed since the last call. */
export function pausesFile(file: string): (now: Instant) => PausesNow {
  const read = hostFile(file, (text) => {
    try {
      return { value: fileSchema.parse(JSON.parse(text)).pauses };
    } catch (error) {
      return { problem: `${file} holds no pauses: ${errorChain(error)}` };
    }
  });
  return (now) => {
    const content = read();
    if (content.state === "absent") return { pauses: [] };
    if (content.state === "read") return { pauses: inForce(content.value, now) };
    const { problem } = content;
    // By the hour, so that it does not change at every look.
    const until = (Math.floor(now / HOUR_MS) + 2) * HOUR_MS;
    return { problem, pauses: [{ since: 0, until, reason: "the pauses that were ordered cannot be read" }] };
  };
}

/** A pause ends by itself, and none counts for longer than the longest, whatever the file says. */
function inForce(pauses: readonly OrderedPause[], now: Instant): readonly OrderedPause[] {
  return pauses.filter(({ since, until }) => now < until && now < since + LONGEST_PAUSE_MS);
}

/** The pauses with one more; another of the same containers gives way to it. Throws where there are too many. */
export function withPause(pauses: readonly OrderedPause[], pause: OrderedPause): readonly OrderedPause[] {
  const others = withoutPause(inForce(pauses, pause.since), pause.containers);
  if (others.length < MOST_PAUSES) return [...others, pause];
  throw new Error(`there are ${others.length} pauses already; end some with \`resume\``);
}

/** The pauses without that of these containers; without any where none are named. */
export function withoutPause(
  pauses: readonly OrderedPause[],
  containers: string | undefined,
): readonly OrderedPause[] {
  return pauses.filter((pause) => pause.containers !== containers);
}

export function writePauses(file: string, pauses: readonly OrderedPause[]): void {
  writeFileDurably(file, `${JSON.stringify({ pauses }, undefined, 2)}\n`, 0o600);
}

/** `all containers until 2030-01-31 02:00Z: moving the database`. */
export function describePause({ containers, until, reason }: Pause): string {
  return `${containers ?? "all containers"} until ${formatInstant(until)}: ${reason}`;
}
