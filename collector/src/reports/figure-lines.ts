/** The section on availability and healing of the plain text. */
import { healingInWords, type FleetReport } from "@shipkeeper/protocol";
import { availabilityInWords, downtimeInWords, flappingInWords, healingTimes } from "./figures-in-words.ts";
import { TEXT_COLUMNS, alignColumns, withBelow, wrap } from "./text-layout.ts";

export function availabilityLines(report: FleetReport): string[] {
  const { availability, healing } = report;
  const worst = availability.worst.map(({ of, name, host, owner, met }) => [
    of,
    host === undefined ? name : `${name} on ${host}`,
    met ? "met" : "MISSED",
    owner ?? "no owner",
  ]);
  const downtimeOf = (place: number) => {
    const one = availability.worst[place];
    return one === undefined ? undefined : downtimeInWords(one);
  };
  const times = healingTimes(healing).map(({ stretch, median, p95, longest }) => [
    stretch,
    median,
    p95,
    longest,
  ]);
  const head = ["", "median", "95 % within", "longest"];
  return [
    ...wrap(availabilityInWords(report), TEXT_COLUMNS - 2),
    ...withBelow(alignColumns(worst, [9, 56, 6, 20]), downtimeOf, 11),
    ...wrap(healingInWords(healing), TEXT_COLUMNS - 2),
    ...(times.length === 0 ? [] : alignColumns([head, ...times], [24, 14, 14, 14])),
    ...healing.flapping
      .slice(0, MOST_FLAPPING)
      .flatMap((one) => wrap(flappingInWords(one), TEXT_COLUMNS - 2)),
  ];
}

const MOST_FLAPPING = 5;
