/**
 * What the verdicts of a round mean for the incidents of a host: which begin, change, and end. Owns that one sickness is one
 * incident, whatever suffers from it and however often it comes back. It plans nothing, and does not tell anybody.
 */
import { assert, MINUTE_MS, type Instant } from "@shipkeeper/kit";
import { containerIdentity, isComplete, type Container } from "@shipkeeper/model";
import { actionKind } from "../actions/catalog.ts";
import type { Round } from "../round/round.ts";
import type { World } from "../round/world.ts";
import {
  HOST_IDENTITY,
  isOpen,
  MOST_MEMBERS,
  signInWords,
  type Incident,
  type IncidentEnd,
} from "./incident.ts";
import { isLeftToPeople, patientsOf, type Patient } from "./patients.ts";

/** What comes back within this time was never over. */
export const REOPEN_MS = 10 * MINUTE_MS;

export interface IncidentNews {
  /** To be kept for the next round: the open ones, and those that may still be reopened. */
  readonly known: readonly Incident[];
  /** To be told, each as a whole. */
  readonly changed: readonly Incident[];
}

/** A root that is sick, or makes others sick. */
interface Case {
  readonly identity: string;
  /** The root's own sickness; absent where only others show it. */
  readonly lead?: Patient | undefined;
  readonly members: readonly Patient[];
}

/**
 * Pure. `known` is what the last call returned, `newId` gives ids for incidents that begin. What a list does not show
 * because it could not be read ends no incident.
 */
export function trackIncidents(
  known: readonly Incident[],
  round: Round,
  world: World,
  newId: () => string,
): IncidentNews {
  const remembered = known.filter(
    ({ closedAt }) => closedAt === undefined || world.now - closedAt < REOPEN_MS,
  );
  const patients = patientsOf(round, world);
  const cases = casesOf(patients, remembered.filter(isOpen), world);
  const ofIdentity = new Map(remembered.map((incident) => [incident.identity, incident]));

  const inCases = [...cases.values()].flatMap((one) => {
    const before = ofIdentity.get(one.identity);
    const isOver = before === undefined || !isOpen(before);
    return isOver && !begins(one) ? (before ?? []) : progress(before, one, world, newId);
  });
  const others = remembered
    .filter(({ identity }) => !cases.has(identity))
    .map((incident) => (isOpen(incident) ? settle(incident, { round, world, patients, inCases }) : incident));

  const all = [...inCases, ...others];
  return {
    known: all.filter(({ ended }) => ended !== "merged"),
    changed: all.filter((incident) => !remembered.includes(incident)),
  };
}

/** Sick containers by the root that makes them sick. */
function casesOf(
  patients: ReadonlyMap<string, Patient>,
  open: readonly Incident[],
  world: World,
): ReadonlyMap<string, Case> {
  const { inventory } = world;
  const containers = new Map<string, Container>(inventory.containers.map((one) => [one.id, one]));
  const ownOf = new Map(open.map((incident) => [incident.identity, incident]));
  const memberships = new Map(
    open.flatMap(({ identity, members }) => members.map(({ id }) => [id, identity])),
  );

  const rootOf = (patient: Patient, before: readonly string[] = []): string => {
    const { container, root } = patient;
    const identity = containerIdentity(container);
    const own = ownOf.get(identity);
    // What we already work on, or what is in people's hands, stays a matter of its own.
    if (isLeftToPeople(patient)) return identity;
    if (own !== undefined && (own.heals > 0 || own.handedOverAt !== undefined)) return identity;
    if (patient.inHostStorm) return HOST_IDENTITY;
    const rootContainer = root === undefined ? undefined : containers.get(root);
    if (rootContainer !== undefined && !before.includes(rootContainer.id)) {
      const rootPatient = patients.get(rootContainer.id);
      if (rootPatient !== undefined) return rootOf(rootPatient, [...before, container.id]);
      const rootIdentity = containerIdentity(rootContainer);
      // A root that is well again has nothing of its own, unless its incident is still open.
      if (ownOf.has(rootIdentity) || !isWell(rootContainer, world)) return rootIdentity;
    }
    // What fell ill with its root is part of the same incident until it is well, also where the root is well before.
    return memberships.get(container.id) ?? identity;
  };

  const cases = new Map<string, Case>();
  for (const patient of patients.values()) {
    const identity = rootOf(patient);
    const isLead = identity === containerIdentity(patient.container);
    const { lead, members = [] } = cases.get(identity) ?? {};
    cases.set(identity, {
      identity,
      lead: isLead ? patient : lead,
      members: isLead ? members : [...members, patient],
    });
  }
  return cases;
}

function begins({ lead, members }: Case): boolean {
  return [...(lead === undefined ? [] : [lead]), ...members].some(({ beginsIncident }) => beginsIncident);
}

/** An incident that goes on, comes back or begins. */
function progress(before: Incident | undefined, one: Case, world: World, newId: () => string): Incident {
  const { now } = world;
  const { lead, members } = one;
  const speaker = lead ?? members[0];
  assert(speaker !== undefined, "in a case somebody is sick");
  const root = lead?.container ?? rootContainer(one.identity, before, world);
  const incident: Omit<Incident, "sign" | "cause"> = before ?? {
    id: newId(),
    at: now,
    identity: one.identity,
    sickAt: Math.min(...(lead === undefined ? members : [lead]).map(({ since }) => since)),
    detectedAt: lead?.seenAt ?? now,
    heals: 0,
    members: [],
    policy: speaker.policy,
    rule: speaker.rule,
  };
  const sign = lead?.sign ?? before?.sign ?? (one.identity === HOST_IDENTITY ? "host-storm" : "down");
  const affected = withMembers(incident.members, members);
  const { closedAt: _, ended: __, ...lasting } = incident;
  const isRootWell = root !== undefined && lead === undefined && isWell(root, world);
  return changed(
    before,
    {
      ...lasting,
      ...rootFacts(root),
      sign,
      cause: causeOf(sign, root, world),
      healthyAt: isRootWell ? (incident.healthyAt ?? world.inventory.takenAt) : undefined,
      members: affected,
      ...ordersOf(incident, root, affected, world),
      ...(lead !== undefined && isLeftToPeople(lead) && incident.handedOverAt === undefined
        ? { handedOverAt: now, handedOverWhy: actionKind("restart")?.explain(lead.verdict) }
        : {}),
    },
    now,
  );
}

interface Surroundings {
  readonly round: Round;
  readonly world: World;
  readonly patients: ReadonlyMap<string, Patient>;
  readonly inCases: readonly Incident[];
}

/** An open incident that nobody is sick of any more, as far as the round can tell. */
function settle(incident: Incident, { round, world, patients, inCases }: Surroundings): Incident {
  const { now, inventory, signals } = world;
  const { identity, policy, rule } = incident;
  // A rule that only waits for its window says nothing of who is sick.
  if (round.waiting.some((one) => one.policy === policy && one.rule === rule)) return incident;

  const root = rootContainer(identity, incident, world);
  const orders = ordersOf(incident, root, incident.members, world);
  const still = () => changed(incident, { ...incident, ...orders }, now);
  const close = (ended: IncidentEnd, more: Partial<Incident> = {}) =>
    changed(incident, { ...incident, ...orders, ...more, ended, closedAt: now }, now);

  const patient = root === undefined ? undefined : patients.get(root.id);
  if (patient !== undefined) {
    const other = inCases.find(({ members }) => members.some(({ id }) => id === root?.id));
    return other === undefined ? still() : close("merged", { mergedInto: other.id });
  }
  if (identity !== HOST_IDENTITY) {
    if (root === undefined) {
      return isComplete(inventory, "containers") ? close("removed") : incident;
    }
    if (isInHand(root, world)) return still();
    if (root.state === "exited" || root.state === "dead") {
      const wasWanted = signals.deaths.get(root.id)?.at(-1)?.expected !== false;
      return wasWanted ? close("stopped") : still();
    }
    if (!isWell(root, world)) return still();
  }
  if (!membersAreSettled(incident, world)) return still();
  const ended = orders.heals > 0 ? "healed" : "recovered";
  return close(ended, { healthyAt: incident.healthyAt ?? inventory.takenAt });
}

/** The container that has the identity now; undefined for a host, and where there is none. */
function rootContainer(
  identity: string,
  before: Incident | undefined,
  { inventory }: World,
): Container | undefined {
  if (identity === HOST_IDENTITY) return undefined;
  const named = inventory.containers.filter((container) => containerIdentity(container) === identity);
  return named.find(({ id }) => id === before?.container?.id) ?? named[0];
}

function rootFacts(root: Container | undefined): Pick<Incident, "container" | "owner"> {
  if (root === undefined) return {};
  const { id, name, image, imageId, owner } = root;
  return { container: { id, name, image, imageId }, ...(owner === undefined ? {} : { owner }) };
}

/** It runs, nothing says that it is sick, and nobody is about to find out. */
function isWell(container: Container, world: World): boolean {
  const { state, health } = container;
  if (state !== "running" || isInHand(container, world)) return false;
  return health.status === "healthy" || health.status === "none";
}

/** An order of ours is under way, or it is not known yet whether it helped. */
function isInHand(container: Container, { ledger, signals }: World): boolean {
  if (signals.busy.has(container.id)) return true;
  return ledger.restarts.get(containerIdentity(container))?.at(-1)?.result === "pending";
}

/** Members that were restarted and still start are not well yet. */
function membersAreSettled({ members }: Incident, world: World): boolean {
  const ids = new Set(members.map(({ id }) => id));
  return world.inventory.containers
    .filter(({ id }) => ids.has(id))
    .every((container) => container.health.status !== "starting" && !isInHand(container, world));
}

/** Orders since it was detected. The ledger forgets in the end; what was counted stays. */
function ordersOf(
  { detectedAt, firstOrderAt, heals }: Pick<Incident, "detectedAt" | "firstOrderAt" | "heals">,
  root: Container | undefined,
  members: Incident["members"],
  { inventory, ledger }: World,
): Pick<Incident, "firstOrderAt" | "heals"> {
  const ids = new Set(members.map(({ id }) => id));
  const identities = new Set(
    inventory.containers.filter(({ id }) => id === root?.id || ids.has(id)).map(containerIdentity),
  );
  const orders = [...identities]
    .flatMap((identity) => ledger.restarts.get(identity) ?? [])
    .map(({ at }) => at)
    .filter((at) => at >= detectedAt);
  const first = firstOrderAt ?? (orders.length === 0 ? undefined : Math.min(...orders));
  return {
    heals: Math.max(heals, orders.length),
    ...(first === undefined ? {} : { firstOrderAt: first }),
  };
}

/** Everybody who was ever part of it, each once. */
function withMembers(before: Incident["members"], patients: readonly Patient[]): Incident["members"] {
  const known = new Set(before.map(({ id }) => id));
  const more = patients
    .filter(({ container }) => !known.has(container.id))
    .map(({ container: { id, name }, sign }) => ({ id, name, sign }));
  return more.length === 0 ? before : [...before, ...more].slice(0, MOST_MEMBERS);
}

function causeOf(sign: string, root: Container | undefined, { signals }: World): string {
  const outOfMemory = root !== undefined && signals.deaths.get(root.id)?.at(-1)?.outOfMemory === true;
  return `${signInWords(sign)}${outOfMemory ? "; it was killed because memory ran out" : ""}`;
}

/** The same value where nothing but time has changed, so that what was told is not told again. */
function changed(before: Incident | undefined, after: Incident, now: Instant): Incident {
  const { at: _, ...facts } = after;
  if (before !== undefined) {
    const { at: __, ...known } = before;
    if (isSame(known, facts)) return before;
  }
  // Two changes within a millisecond, or a clock that was put back: the later one still counts as later.
  return { ...after, at: before === undefined ? now : Math.max(now, before.at + 1) };
}

function isSame(first: object, second: object): boolean {
  return JSON.stringify(sorted(first)) === JSON.stringify(sorted(second));
}

/** What is not there and what is undefined are the same. */
function sorted(facts: object): unknown[] {
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  return known.sort(([a], [b]) => (a < b ? -1 : 1));
}
