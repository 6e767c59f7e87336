/** What happened to a container, in plain words: one paragraph, and the facts in the order of their times. */
import { printable, unreachable, type Instant } from "@shipkeeper/kit";
import type { Aftermath, ApiPostMortemDetail } from "@shipkeeper/protocol";
import { codeInWords, counted } from "../wording.ts";
import { exitInWords, limitsInWords, quoted, signalInWords, spanInWords, timeOf } from "./words.ts";

export type Told = Omit<ApiPostMortemDetail, "story" | "timeline">;
type Timeline = ApiPostMortemDetail["timeline"];

const MOST_NAME = 100;
const MOST_MOMENTS = 100;

export function tellStory(told: Told): Pick<ApiPostMortemDetail, "story" | "timeline"> {
  const sentences =
    told.trigger === "before-heal"
      ? [...sickness(told), healing(told)]
      : [...death(told), ...afterwards(told)];
  return { story: [...sentences, ...sequel(told)].join(" "), timeline: timelineOf(told) };
}

/** `web-3 (image acme/web:3.1) on shop-7` */
function subject({ container, host }: Told): string {
  return `${printable(container.name, MOST_NAME)} (image ${printable(container.image, MOST_NAME)}) on ${printable(host, MOST_NAME)}`;
}

const SICKNESS: Readonly<Record<string, string>> = {
  unhealthy: "stopped answering its health check",
  "health-stale": "had a health check that did not come back any more",
  ghost: "was said to run although its process was gone",
  "probe-failed": "did not answer its probe",
  "crash-loop": "ended again and again",
  unkillable: "did not end when it was told to",
};

function sickness(told: Told): string[] {
  const { sign, evidence, at, exitsBefore } = told;
  const what = sign === undefined ? "was sick" : (SICKNESS[sign] ?? `was sick (${codeInWords(sign)})`);
  const since = sickSince(told);
  const failed = evidence.health?.outputs.findLast(({ exitCode }) => exitCode !== 0);
  const said = failed === undefined ? undefined : quoted(failed.output);
  const answer =
    failed === undefined
      ? ""
      : ` (exit ${failed.exitCode}${said === undefined ? ", without a word" : `: ${said}`})`;
  const when = since === undefined ? "" : ` at ${timeOf(since, at)}`;
  return [`${subject(told)} ${what}${when}${answer}.`, ...repeats(exitsBefore)];
}

/** By the run's own word, else the first failure of the last unbroken row of them. */
export function sickSince({ aftermath, evidence }: Told): Instant | undefined {
  if (aftermath?.sickAt !== undefined) return aftermath.sickAt;
  const outputs = evidence.health?.outputs ?? [];
  const lastGood = outputs.findLastIndex(({ exitCode }) => exitCode === 0);
  const first = outputs[lastGood + 1];
  return first?.endedAt ?? first?.startedAt;
}

const DONE: Readonly<Record<string, string>> = {
  restart: "restarted it",
  kill: "killed it and started it again",
  recreate: "made it anew from its own configuration",
};

function healing(told: Told): string {
  const { aftermath, at } = told;
  if (aftermath === undefined) return `What the agent did then is not known here.`;
  const startedAt = aftermath.startedAt ?? at;
  const since = sickSince(told);
  const after = since === undefined || startedAt < since ? "Then" : `${spanInWords(startedAt - since)} later`;
  return `${after} the agent ${deed(aftermath, at)}.`;
}

function deed(
  { decision, status, why, error, healed, healthyAt, downtimeMs }: Aftermath,
  day: Instant,
): string {
  const done = DONE[decision] ?? `took the step “${codeInWords(decision)}”`;
  const cause = error ?? (why === undefined ? undefined : codeInWords(why));
  const because = cause === undefined ? "" : `: ${printable(cause, 200)}`;
  switch (status) {
    case "running":
      return `began to act; how that ended is not known here yet`;
    case "skipped":
      return `left it alone after all${because}`;
    case "failed":
      return `tried to help (${codeInWords(decision)}) and failed${because}`;
    case "unknown":
      return `began to act and was cut off; what became of it is not known${because}`;
    case "done":
      return `${done}${downtimeMs === undefined ? "" : ` and it was down for ${spanInWords(downtimeMs)}`}${recovery()}`;
    default:
      return unreachable(status);
  }

  function recovery(): string {
    if (healed === undefined) return "";
    if (!healed) return `; it did not become healthy${because}`;
    return `; it was healthy again${healthyAt === undefined ? "" : ` at ${timeOf(healthyAt, day)}`}`;
  }
}

function death(told: Told): string[] {
  const { evidence, at, exitsBefore } = told;
  const { outOfMemory, startedAt, signal, limits } = evidence;
  const endedAt = endOf(told);
  const lived =
    startedAt === undefined || startedAt > endedAt
      ? ""
      : ` after it had run for ${spanInWords(endedAt - startedAt)}`;
  const memory =
    limits.memoryBytes === undefined
      ? ""
      : ` (its limit: ${limitsInWords({ memoryBytes: limits.memoryBytes })})`;
  const how = outOfMemory
    ? `was killed for want of memory${memory}`
    : signal === undefined
      ? `ended by itself with ${exitInWords(evidence)}`
      : `was ended by ${signalInWords(signal)}`;
  const last = evidence.log.lines.findLast(({ text }) => text.trim() !== "");
  const words = last === undefined ? undefined : quoted(last.text);
  return [
    `${subject(told)} ${how} at ${timeOf(endedAt, at)}${lived}; nobody had ordered that.`,
    ...repeats(exitsBefore),
    ...(words === undefined ? [] : [`The last line of its log: ${words}.`]),
  ];
}

/** Of a container that runs again the engine's own times are those of its new life. */
export function endOf({ evidence, at }: Told): Instant {
  const died = evidence.events.findLast(({ action }) => action === "die");
  return died?.at ?? evidence.finishedAt ?? at;
}

function repeats(exitsBefore: number): string[] {
  return exitsBefore === 0
    ? []
    : [`It had ended ${counted(exitsBefore, "more time")} since its last post-mortem.`];
}

function afterwards(told: Told): string[] {
  switch (told.evidence.state) {
    case undefined:
      return ["It was removed before it could be looked at: only its last event speaks."];
    case "running":
      return ["When it was looked at it had been started again."];
    case "restarting":
      return ["When it was looked at the engine was about to start it again."];
    default:
      return ["When it was looked at it had not been started again."];
  }
}

const ENDS: Readonly<Record<string, string>> = {
  healed: "ended when it was healthy again after an order of ours",
  recovered: "ended when it recovered by itself",
  stopped: "ended when somebody stopped it",
  removed: "ended when it was removed",
};

function sequel({ incident, at }: Told): string[] {
  if (incident === undefined) return [];
  const { sickAt, closedAt, ended = "", handedOverAt } = incident;
  const people = handedOverAt === undefined ? "" : `, was left to people at ${timeOf(handedOverAt, at)}`;
  const end =
    closedAt === undefined
      ? " and is still open"
      : ` and ${ENDS[ended] ?? "ended"} at ${timeOf(closedAt, at)}`;
  return [`Its incident began at ${timeOf(sickAt, at)}${people}${end}.`];
}

function timelineOf(told: Told): Timeline {
  const { evidence, aftermath, at } = told;
  const moment = (time: Instant | undefined, what: string) =>
    time === undefined ? [] : [{ at: time, what }];
  const all: Timeline = [
    ...moment(evidence.startedAt, "it was started"),
    ...(evidence.health?.outputs ?? []).flatMap(({ endedAt, startedAt, exitCode, output }) =>
      moment(
        endedAt ?? startedAt,
        `health check: exit ${exitCode}${exitCode === 0 ? "" : ` ${quoted(output, 100) ?? ""}`}`.trimEnd(),
      ),
    ),
    ...evidence.events.flatMap(({ at: time, action, detail }) =>
      moment(
        time,
        `engine: ${codeInWords(printable(action))}${detail === undefined ? "" : ` ${printable(detail, 100)}`}`,
      ),
    ),
    ...moment(evidence.finishedAt, `it ended with ${exitInWords(evidence)}`),
    ...moment(at, "this was gathered"),
    ...moment(aftermath?.startedAt, `the agent began: ${printable(aftermath?.decision ?? "")}`),
    ...moment(aftermath?.healthyAt, "it was healthy again"),
  ];
  return all.toSorted((a, b) => a.at - b.at).slice(-MOST_MOMENTS);
}
