/** A post-mortem for a terminal or a mail. */
import { formatInstant, printable } from "@shipkeeper/kit";
import type { ApiPostMortemDetail } from "@shipkeeper/protocol";
import { alignColumns, wrap } from "../text-layout.ts";
import { counted } from "../wording.ts";
import { limitsInWords, loadInWords, metricInWords, timeOf, valueInWords } from "./words.ts";

const MOST_LINE = 400;

export function renderPostMortemText(told: ApiPostMortemDetail): string {
  const { container, host, at, story, timeline, evidence } = told;
  const { health, log, usage, processes = [], limits, networks, hostLoad, missing } = evidence;
  const title = `Post-mortem of ${printable(container.name)} on ${printable(host)}, ${formatInstant(at)}`;
  return [
    title,
    "",
    ...sentencesOf(story).flatMap((sentence) => wrap(sentence)),
    ...part(
      "When",
      timeline.map((moment) => `${timeOf(moment.at, at)}  ${printable(moment.what)}`),
    ),
    ...part(
      "Health check",
      (health?.outputs ?? []).flatMap(({ endedAt, startedAt, exitCode, output }) => {
        const when = endedAt ?? startedAt;
        const head = `${when === undefined ? "" : `${timeOf(when, at)}, `}exit ${exitCode}`;
        return [head, ...linesOf(output.trimEnd()).map((line) => `  ${line}`)];
      }),
    ),
    ...part("Log", [
      ...(log.problem === undefined ? [] : [printable(log.problem)]),
      ...(log.cut === 0 ? [] : [`(${counted(log.cut, "older line")} left out)`]),
      ...log.lines.map((line) => {
        const mark = line.stream === "stderr" ? "! " : "  ";
        return `${mark}${line.at === undefined ? "" : `${timeOf(line.at, at)} `}${printable(line.text, MOST_LINE)}`;
      }),
    ]),
    ...part(
      "Use in the last minutes",
      alignColumns(
        usage.map(({ metric, unit, min, max, last }) => [
          metricInWords(metric),
          `${valueInWords(last, unit)} at last`,
          `${valueInWords(min, unit)} to ${valueInWords(max, unit)}`,
        ]),
        [20, 24, 40],
      ),
    ),
    ...part(
      "Processes",
      processes.map(({ pid, user = "", command }) => `${pid} ${printable(user)} ${printable(command)}`),
    ),
    ...part("Surroundings", [
      `limits: ${limitsInWords(limits)}`,
      `networks: ${networks.length === 0 ? "none" : networks.map((name) => printable(name)).join(", ")}`,
      `host: ${loadInWords(hostLoad)}`,
    ]),
    ...part(
      "Could not be had",
      missing.map(({ what, why }) => `${printable(what)}: ${printable(why)}`),
    ),
    "",
  ].join("\n");
}

function part(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines.map((line) => `  ${line}`.trimEnd())];
}

const linesOf = (text: string): string[] =>
  text === "" ? ["without a word"] : text.split(/\r?\n/).map((line) => printable(line, MOST_LINE));

/** Wrapped one by one: a paragraph as a whole may be longer than what is wrapped at once. */
const sentencesOf = (story: string): string[] => story.split(/(?<=[.”]) (?=\S)/);
