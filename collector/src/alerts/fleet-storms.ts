/** One image that is sick on many hosts at once: then it is the image, and restarting it helps nobody. */
import { MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { ImageId } from "@shipkeeper/model";
import { SILENT_AFTER_MS } from "@shipkeeper/protocol";
import type { OpenIncident } from "../store/alert-facts.ts";

/** So many hosts, … */
export const STORM_HOSTS = 3;
/** … whose incidents began within so long a time. */
export const STORM_WITHIN_MS = 15 * MINUTE_MS;

export interface FleetStorm {
  /** The image as the first of its containers was asked for. */
  readonly image: string;
  /** An image may go by several ids where hosts keep it in different stores. */
  readonly imageIds: readonly ImageId[];
  readonly hosts: readonly string[];
  readonly since: Instant;
  readonly owners: readonly (string | undefined)[];
}

/**
 * Storms of now. `lasting` names the images of those that were there before: they last for as long as so many hosts have
 * the image sick, whenever that began. What a silent host told last counts for nothing.
 */
export function fleetStorms(
  incidents: readonly OpenIncident[],
  lasting: ReadonlySet<string>,
  now: Instant,
): FleetStorm[] {
  const told = incidents.filter(
    ({ lastSeenAt, incident }) =>
      incident.container !== undefined && lastSeenAt !== undefined && now - lastSeenAt < SILENT_AFTER_MS,
  );
  return [...groupsOfImage(told)].flatMap((group) => {
    const storm = stormOf(group);
    const isYoung = ({ incident }: OpenIncident) => now - incident.detectedAt < STORM_WITHIN_MS;
    const hosts = lasting.has(storm.image) ? storm.hosts : stormOf(group.filter(isYoung)).hosts;
    return hosts.length >= STORM_HOSTS ? [storm] : [];
  });
}

/** Incidents whose image is the same one, by its id or by a digest that a registry knows. */
function groupsOfImage(incidents: readonly OpenIncident[]): Iterable<readonly OpenIncident[]> {
  const sameAs = new Map<string, string>();
  const groupOf = (key: string): string => {
    let group = key;
    for (let next = sameAs.get(group); next !== undefined; next = sameAs.get(group)) group = next;
    return group;
  };
  for (const one of incidents) {
    const group = groupOf(imageIdOf(one));
    for (const digest of one.digests.map(digestOf)) {
      if (groupOf(digest) !== group) sameAs.set(groupOf(digest), group);
    }
  }
  return Map.groupBy(incidents, (one) => groupOf(imageIdOf(one))).values();
}

const imageIdOf = ({ incident }: OpenIncident): string => incident.container?.imageId ?? "";

/** `registry.acme.example/web@sha256:…` → `sha256:…`: the same image in two registries is the same image. */
const digestOf = (reference: string): string => reference.slice(reference.indexOf("@") + 1);

function stormOf(group: readonly OpenIncident[]): FleetStorm {
  return {
    image: group[0]?.incident.container?.image ?? "",
    imageIds: [...new Set(group.map((one) => imageIdOf(one) as ImageId))],
    hosts: [...new Set(group.map(({ host }) => host))],
    since: Math.min(...group.map(({ incident }) => incident.detectedAt)),
    owners: [...new Set(group.map(({ container, incident }) => container?.owner ?? incident.owner))],
  };
}
