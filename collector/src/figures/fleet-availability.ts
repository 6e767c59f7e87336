/**
 * The availability of everything in the fleet over one window, from the spells and the watched time that hosts told.
 * Time that nobody watched is neither up nor down.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { ApiAvailability, AvailabilityOf } from "@shipkeeper/protocol";
import type { AvailabilitySubject, Spell, WatchedHost } from "../store/availability.ts";
import type { Store } from "../store/store.ts";
import {
  againstTarget,
  piecesOf,
  shareOf,
  tally,
  together,
  union,
  type Interval,
  type Piece,
  type Tally,
} from "./measure.ts";

export interface AvailabilityQuestion {
  readonly of: AvailabilityOf;
  readonly window: Interval;
  /** Per cent. */
  readonly target: number;
}

/** One thing, and the hosts that it has to do with. */
export interface Availability extends ApiAvailability {
  readonly hostIds: readonly string[];
}

/** After so many others get their turn: a fleet is seconds of arithmetic. */
const HOSTS_A_TURN = 10;
const SERVICES_A_TURN = 50;

/** Everything that was told of in the window, in no order. */
export async function fleetAvailability(
  store: Pick<Store, "availability">,
  question: AvailabilityQuestion,
): Promise<Availability[]> {
  const found: Availability[] = [];
  const services = new Map<string, Member[]>();
  for (const [place, host] of store.availability.hosts().entries()) {
    if (place % HOSTS_A_TURN === HOSTS_A_TURN - 1) await nextTurn();
    const watch = readWatch(store, host, question.window);
    const members = readMembers(store, host, { watched: watch.answered, window: question.window });
    if (question.of === "hosts") found.push(ofHost(host, members, watch, question));
    else if (question.of === "containers")
      found.push(...members.map((member) => ofContainer(member, question)));
    else for (const member of members) collect(services, member);
  }
  for (const [place, [name, members]] of [...services].entries()) {
    if (place % SERVICES_A_TURN === SERVICES_A_TURN - 1) await nextTurn();
    found.push(ofService(name, members, question));
  }
  return found;
}

interface Member {
  readonly host: WatchedHost;
  readonly subject: AvailabilitySubject;
  readonly state: Spell["state"];
  /** In order, as `watched` is, which all members of a host share. */
  readonly spells: readonly Spell[];
  readonly watched: readonly Interval[];
}

/** Made when they are needed: those of a whole fleet would be millions at once. */
const piecesOfMember = ({ spells, watched }: Member): Piece[] => piecesOf(spells, watched);

function readWatch({ availability }: Pick<Store, "availability">, host: WatchedHost, window: Interval) {
  const spans = availability.watchOf(host.id, window.from);
  const watched = (answers: boolean) =>
    union(
      spans.filter((span) => span.answers === answers),
      window,
    );
  return { answered: watched(true), silent: watched(false) };
}

/** Every container of the host that was told of in the window. */
function readMembers(
  store: Pick<Store, "availability">,
  host: WatchedHost,
  { watched, window }: { watched: readonly Interval[]; window: Interval },
): Member[] {
  const spells = Map.groupBy(store.availability.spellsOf(host.id, window.from), ({ identity }) => identity);
  return store.availability.subjectsOf(host.id).flatMap((subject): Member[] => {
    const own = (spells.get(subject.identity) ?? []).filter(({ since }) => since < window.to);
    const last = own.at(-1);
    if (last === undefined || own.every(({ state }) => state === "out")) return [];
    return [{ host, subject, state: last.state, spells: own, watched }];
  });
}

function ofContainer(member: Member, question: AvailabilityQuestion): Availability {
  const { host, subject, state } = member;
  const { identity, name, image, owner, service } = subject;
  return {
    name,
    host: host.hostname,
    hostId: host.id,
    hostIds: [host.id],
    identity,
    service: service && nameOfService(service),
    image,
    owner,
    state,
    ...inFigures(tally(piecesOfMember(member)), question),
  };
}

const nameOfService = ({ project, service }: NonNullable<AvailabilitySubject["service"]>): string =>
  `${project}/${service}`;

function collect(services: Map<string, Member[]>, member: Member): void {
  const { service } = member.subject;
  if (service === undefined) return;
  const name = nameOfService(service);
  const members = services.get(name);
  if (members === undefined) services.set(name, [member]);
  else members.push(member);
}

function ofService(name: string, members: readonly Member[], question: AvailabilityQuestion): Availability {
  const states = members.map(({ state }) => state);
  const owners = new Set(members.map(({ subject }) => subject.owner));
  const [owner] = owners;
  return {
    name,
    hostIds: [...new Set(members.map(({ host }) => host.id))],
    owner: owners.size === 1 ? owner : undefined,
    containers: members.length,
    state: states.includes("up") ? "up" : states.includes("down") ? "down" : "out",
    ...inFigures(tally(together(members.map(piecesOfMember))), question),
  };
}

function ofHost(
  host: WatchedHost,
  members: readonly Member[],
  { answered, silent }: { answered: readonly Interval[]; silent: readonly Interval[] },
  question: AvailabilityQuestion,
): Availability {
  const pieces = together([
    answered.map((interval): Piece => ({ ...interval, state: "up" })),
    silent.map((interval): Piece => ({ ...interval, state: "down" })),
  ]);
  const shares = members.flatMap((member) => shareOf(tally(piecesOfMember(member))) ?? []);
  return {
    name: host.hostname,
    host: host.hostname,
    hostId: host.id,
    hostIds: [host.id],
    owner: host.owner,
    containers: members.length,
    state: pieces.at(-1)?.state,
    ...inFigures(tally(pieces), question),
    containersShare:
      shares.length === 0 ? undefined : shares.reduce((sum, share) => sum + share, 0) / shares.length,
  };
}

function inFigures(sum: Tally, { window, target }: AvailabilityQuestion) {
  const uncountedMs = Math.max(0, window.to - window.from - sum.upMs - sum.downMs);
  return { share: shareOf(sum), ...sum, uncountedMs, ...againstTarget(sum, target) };
}
