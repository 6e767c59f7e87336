import { days, type Instant } from "@shipkeeper/kit";
import { buildAgeMs } from "@shipkeeper/model";
import type { AgeBucket, FleetReport, ImageGroup, ImageLine } from "@shipkeeper/protocol";
import type { ImageFact } from "./fleet-facts.ts";

/** Upper bounds, youngest first. An image as old as a bound is still within it. */
const BOUNDS: readonly (readonly [AgeBucket, number])[] = [
  ["7d", days(7)],
  ["30d", days(30)],
  ["90d", days(90)],
  ["180d", days(180)],
  ["1y", days(365)],
  ["2y", days(730)],
  ["older", Infinity],
];
const BUCKETS: readonly AgeBucket[] = [...BOUNDS.map(([bucket]) => bucket), "unknown"];

const LINES_SHOWN = 10;
const GROUPS_SHOWN = 12;

export function reportImages(
  images: readonly ImageFact[],
  now: Instant,
): Omit<FleetReport["images"], "cacheBytes" | "reclaimableBytes"> {
  const oldestFirst = images
    .map((image) => ({ image, line: imageLine(image, now) }))
    .filter(({ line }) => line.ageDays !== undefined)
    .sort((a, b) => (b.line.ageDays ?? 0) - (a.line.ageDays ?? 0) || compare(a.line.image, b.line.image));

  return {
    total: images.length,
    ages: ageClasses(images, now),
    oldestRunning: oldestFirst
      .filter(({ image }) => image.runBy.length > 0)
      .slice(0, LINES_SHOWN)
      .map(({ image, line }) => ({ ...line, usedBy: [...image.runBy] })),
    oldestCached: oldestFirst
      .filter(({ image }) => image.runBy.length === 0)
      .slice(0, LINES_SHOWN)
      .map(({ line }) => line),
    byOwner: groups(images, now, (image) => image.owner),
    byBase: groups(images, now, (image) => image.base),
  };
}

export function ageBucketOf(image: ImageFact, now: Instant): AgeBucket {
  const ageMs = buildAgeMs(image, now);
  if (ageMs === undefined) return "unknown";
  return BOUNDS.find(([, boundMs]) => ageMs <= boundMs)?.[0] ?? "older";
}

/** Whole days since the image was built; undefined where that is not known. */
export function ageDaysOf(image: ImageFact, now: Instant): number | undefined {
  const ageMs = buildAgeMs(image, now);
  return ageMs === undefined ? undefined : Math.floor(ageMs / days(1));
}

function ageClasses(images: readonly ImageFact[], now: Instant): FleetReport["images"]["ages"] {
  const byBucket = Map.groupBy(images, (image) => ageBucketOf(image, now));
  return BUCKETS.map((bucket) => {
    const members = byBucket.get(bucket) ?? [];
    const running = members.filter((image) => image.runBy.length > 0).length;
    return { bucket, count: members.length, running };
  });
}

function groups(
  images: readonly ImageFact[],
  now: Instant,
  nameOf: (image: ImageFact) => string | undefined,
): ImageGroup[] {
  return [...Map.groupBy(images, nameOf)]
    .map(([name, members]): ImageGroup => {
      const ages = members.map((image) => ageDaysOf(image, now)).filter((age) => age !== undefined);
      ages.sort((a, b) => a - b);
      return {
        name,
        images: members.length,
        medianDays: ages[Math.floor((ages.length - 1) / 2)],
        oldestDays: ages.at(-1),
      };
    })
    .sort((a, b) => (b.oldestDays ?? -1) - (a.oldestDays ?? -1) || compare(a.name ?? "", b.name ?? ""))
    .slice(0, GROUPS_SHOWN);
}

function imageLine(image: ImageFact, now: Instant): ImageLine {
  const { host, name, owner, sizeBytes, usedBy } = image;
  return { host, image: name, owner, ageDays: ageDaysOf(image, now), sizeBytes, usedBy: [...usedBy] };
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
