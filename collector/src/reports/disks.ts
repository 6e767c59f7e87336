/** Which disks people have to know of: those that fill up, and those that are nearly full. */
import type { DiskForecast, FleetReport, ReportedHost } from "@shipkeeper/protocol";
import { counted, shareOf } from "./wording.ts";

/** From here on a disk is shown, whatever its forecast. */
const NEARLY_FULL_PERCENT = 80;

export interface HostDisk {
  readonly host: string;
  readonly path: string;
  readonly freeBytes: number;
  readonly usedPercent: number;
  readonly forecast: DiskForecast;
}

/** The disks of a host, those that fill up before the others, then the fullest first. */
export function disksOf({ host, disks }: ReportedHost): HostDisk[] {
  return disks
    .map(({ path, totalBytes, freeBytes, forecast }) => {
      return { host, path, freeBytes, usedPercent: shareOf(totalBytes - freeBytes, totalBytes), forecast };
    })
    .sort((a, b) => Number(fills(b)) - Number(fills(a)) || b.usedPercent - a.usedPercent);
}

export function disksToShow({ hosts }: FleetReport): HostDisk[] {
  return hosts.flatMap(disksOf).filter(isToShow);
}

/** `20 disks, the fullest 69 % used (/ on api-1); not enough history to forecast`; undefined where no disk is left. */
export function otherDisksInWords({ hosts }: FleetReport): string | undefined {
  const all = hosts.flatMap(disksOf);
  const others = all.filter((disk) => !isToShow(disk));
  const [first, ...rest] = others;
  if (first === undefined) return undefined;
  const { usedPercent, path, host } = rest.reduce(
    (fullest, disk) => (disk.usedPercent > fullest.usedPercent ? disk : fullest),
    first,
  );
  const which =
    others.length === all.length ? counted(all.length, "disk") : counted(others.length, "other disk");
  const fullest = `${others.length === 1 ? "" : "the fullest "}${usedPercent} % used (${path} on ${host})`;
  return [`${which}, ${fullest}`, ...unforecast(others)].join("; ");
}

/** Said once, not for each disk. */
export function unforecast(disks: readonly Pick<HostDisk, "forecast">[]): string[] {
  const young = disks.filter(({ forecast }) => forecast.kind === "not-enough-history").length;
  if (young === 0) return [];
  return [`not enough history to forecast${young === disks.length ? "" : ` ${young} of them`}`];
}

const fills = ({ forecast }: HostDisk): boolean => forecast.kind === "fills";
const isToShow = (disk: HostDisk): boolean => fills(disk) || disk.usedPercent > NEARLY_FULL_PERCENT;
