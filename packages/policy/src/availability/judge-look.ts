/**
 * What a look at a host changes in what is known of the availability of its containers. Counts nothing: an agent
 * tells the changes, and whoever has them all counts.
 */
import type { Instant } from "@shipkeeper/kit";
import { containerIdentity, isAlive, isComplete, type Container, type Inventory } from "@shipkeeper/model";
import type { Signals } from "../round/signals.ts";
import type { AvailabilityChange } from "./availability.ts";
import { judgeContainer, judgeInterruption, type Judged } from "./judge-container.ts";

export interface Look {
  /** When it is judged: signals may be newer than the inventory. */
  readonly now: Instant;
  readonly inventory: Pick<Inventory, "containers" | "gaps">;
  readonly signals: Signals;
  /** Ids of containers that the agent stopped for good. */
  readonly expired: ReadonlySet<string>;
}

/** Identity → what was told of it last. */
export type KnownAvailability = ReadonlyMap<string, AvailabilityChange>;

/** The changes that the look shows, in the order in which they happened for each identity. */
export function judgeLook(
  { now, inventory, signals, expired }: Look,
  known: KnownAvailability,
): AvailabilityChange[] {
  const isInHand = ({ containerId }: AvailabilityChange) => signals.busy.has(containerId);
  // While a container is made anew, its forerunner has another name, of which nothing need be told.
  const isForerunner = (container: Container) =>
    signals.busy.has(container.id) && !known.has(containerIdentity(container));
  const present = onePerIdentity(inventory.containers.filter((container) => !isForerunner(container)));

  const changes = [...present].flatMap(([identity, container]) => {
    const before = known.get(identity);
    const circumstances = { now, signals, expired, inHand: before !== undefined && isInHand(before) };
    const interruption = before && judgeInterruption(container, { before, signals });
    const judged = judgeContainer(container, { ...circumstances, before: interruption ?? before });
    const steps = interruption === undefined ? [judged] : [interruption, judged];
    return tell(steps, { identity, container, before, now });
  });
  if (!isComplete(inventory, "containers")) return changes;

  const gone = [...known.values()].filter((one) => !present.has(one.identity) && !isInHand(one));
  return [...changes, ...gone.map((last) => removal(last, signals, now))];
}

function removal(last: AvailabilityChange, { deaths }: Signals, now: Instant): AvailabilityChange {
  if (last.state === "out") return { ...last, why: REMOVED };
  const death = deaths.get(last.containerId)?.find(({ at }) => at > last.since);
  return { ...last, state: "out", since: after(last, death?.at ?? now), why: REMOVED };
}

/** A clock that was set must not put a change before the one that it follows, nor in its place. */
const after = (last: Judged | undefined, at: Instant): Instant =>
  last === undefined ? at : Math.max(at, last.since + 1);

const REMOVED = "removed";

/** Whether the identity is gone with this change, and need not be remembered any longer. */
export const isGone = ({ why }: AvailabilityChange): boolean => why === REMOVED;

/** While one container takes over from another, both may bear the identity: the one that lives counts, then the newer. */
function onePerIdentity(containers: readonly Container[]): Map<string, Container> {
  const chosen = new Map<string, Container>();
  for (const container of containers) {
    const identity = containerIdentity(container);
    const other = chosen.get(identity);
    if (other === undefined || takesOver(container, other)) chosen.set(identity, container);
  }
  return chosen;
}

function takesOver(one: Container, other: Container): boolean {
  if (isAlive(one) !== isAlive(other)) return isAlive(one);
  return (one.createdAt ?? 0) > (other.createdAt ?? 0);
}

function tell(
  steps: readonly Judged[],
  from: { identity: string; container: Container; before: AvailabilityChange | undefined; now: Instant },
): AvailabilityChange[] {
  const { identity, container, now } = from;
  const { id: containerId, name, image, owner, compose } = container;
  const about = {
    identity,
    name,
    containerId,
    image,
    ...(compose && { service: { project: compose.project, service: compose.service } }),
    ...(owner !== undefined && { owner }),
  };
  const changes: AvailabilityChange[] = [];
  let last = from.before;
  for (const { state, since, why } of steps) {
    const change: AvailabilityChange =
      state === last?.state
        ? { ...about, state, since: last.since, why: last.why }
        : { ...about, state, since: after(last, Math.min(since, now)), why };
    if (last !== undefined && isSame(change, last)) continue;
    changes.push(change);
    last = change;
  }
  return changes;
}

function isSame(a: AvailabilityChange, b: AvailabilityChange): boolean {
  return (
    a.state === b.state &&
    a.name === b.name &&
    a.containerId === b.containerId &&
    a.image === b.image &&
    a.owner === b.owner
  );
}
