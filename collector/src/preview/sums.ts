/** Adds up what the candidate would do, host by host: for the fleet, for each rule, and for each owner. */
import {
  explainVerdict,
  isStep,
  ruleKey,
  verdictsOf,
  type RuleVerdict,
  type Trial,
} from "@shipkeeper/policy";
import type {
  PolicyPreview,
  PreviewHost,
  PreviewItem,
  PreviewOwner,
  PreviewRule,
} from "@shipkeeper/protocol";
import { createComplianceSums, createScore } from "./compliance-sums.ts";
import { keepLargest } from "./largest.ts";
import { createChanges, createTally } from "./tally.ts";
import type { TriedHost } from "./try-host.ts";

/** Of what one owner would lose, or get. */
const MOST_ITEMS_AN_OWNER = 10;

export interface SumOptions {
  /** Of each list. */
  readonly limit: number;
  /** Only what they answer for. */
  readonly owner: string | undefined;
}

type Sums = Pick<
  PolicyPreview,
  "holds" | "tally" | "tallyInForce" | "changes" | "compliance" | "rules" | "owners"
> & {
  readonly items: PreviewHost[];
  readonly selected: number;
  readonly acting: number;
};

export function createSums({ limit, owner }: SumOptions) {
  const tally = createTally();
  const tallyInForce = createTally();
  const changes = createChanges();
  const changed = keepLargest<Item & { readonly change: "newly" | "no-longer" }>(limit, byImportance);
  const rules = new Map<string, RuleSums>();
  const owners = new Map<string | undefined, OwnerSums>();
  const hosts = keepLargest<PreviewHost>(limit, byDeeds);
  const compliance = createComplianceSums({ limit, owner });
  const holds = { containers: 0, images: 0, volumes: 0 };
  let selected = 0;
  let acting = 0;

  const isTheirs = ({ verdict }: RuleVerdict) => owner === undefined || verdict.target.owner === owner;
  const ruleOf = ({ policy, rule, kind }: RuleVerdict["rule"]) =>
    entryOf(rules, `${ruleKey(policy, rule)} ${kind}`, () => ruleSums({ policy, rule, kind }));
  const sumsOfOwner = (name: string | undefined) => entryOf(owners, name, () => ownerSums(name));
  const ownerOf = ({ verdict }: RuleVerdict) => sumsOfOwner(verdict.target.owner);

  return {
    add(host: TriedHost): void {
      const { candidate, inForce, difference, known, judgements, facts } = host;
      const about = { hostId: facts.hostId, host: facts.hostname };
      const hostScore = createScore();
      const hostTally = createTally();
      const hostChanges = createChanges();

      for (const rule of candidate.round.planned) {
        const sums = ruleOf(rule);
        sums.inCandidate = true;
        sums.hosts += 1;
      }
      for (const entry of verdictsOf(candidate.round).filter(isTheirs)) {
        for (const into of [tally, hostTally, ruleOf(entry.rule).tally, ownerOf(entry).tally])
          into.add(entry);
        if (isStep(entry.verdict)) ownerOf(entry).items.add(itemOf(entry, about));
      }
      for (const entry of inForce === undefined ? [] : verdictsOf(inForce.round).filter(isTheirs)) {
        tallyInForce.add(entry);
      }
      for (const change of ["newly", "noLonger"] as const) {
        for (const entry of difference[change].filter(isTheirs)) {
          const all = [changes, hostChanges, ruleOf(entry.rule).changes, ownerOf(entry).changes];
          for (const into of all) into.add(change, entry);
          changed.add({ change: change === "newly" ? "newly" : "no-longer", ...itemOf(entry, about) });
        }
      }

      if (judgements !== undefined) {
        compliance.add(judgements, about, (name) => [hostScore, sumsOfOwner(name).score]);
      }

      const held = holdsOf(known);
      holds.containers += held.containers;
      holds.images += held.images;
      holds.volumes += held.volumes;
      const item = hostItem(host, held, {
        tally: hostTally.result(),
        changes: hostChanges.result(),
        score: hostScore.result(),
      });
      if (item.policies.length > 0) selected += 1;
      if (item.tally.acts.length > 0) acting += 1;
      if (owner === undefined || isAbout(item)) hosts.add(item);
    },

    result: (): Sums => ({
      selected,
      acting,
      items: hosts.result(),
      holds,
      tally: tally.result(),
      tallyInForce: tallyInForce.result(),
      changes: {
        ...changes.result(),
        items: changed.result().map(({ change, ...item }) => ({ change, ...toItem(item) })),
      },
      compliance: compliance.result(),
      rules: [...rules.values()].map(toRule),
      owners: [...owners.values()].map(toOwner).sort(byDeeds).slice(0, limit),
    }),
  };
}

interface RuleSums extends Pick<PreviewRule, "policy" | "rule" | "kind"> {
  inCandidate: boolean;
  hosts: number;
  readonly tally: ReturnType<typeof createTally>;
  readonly changes: ReturnType<typeof createChanges>;
}

const ruleSums = (name: Pick<PreviewRule, "policy" | "rule" | "kind">): RuleSums => ({
  ...name,
  inCandidate: false,
  hosts: 0,
  tally: createTally(),
  changes: createChanges(),
});

const toRule = (sums: RuleSums): PreviewRule => ({
  ...sums,
  tally: sums.tally.result(),
  changes: sums.changes.result(),
});

/** One step, without the host's whole inventory and round behind it: thousands of these are kept for a while. */
interface Item extends Omit<PreviewItem, "explanation"> {
  readonly verdict: RuleVerdict["verdict"];
}

function itemOf({ rule, verdict }: RuleVerdict, about: Pick<PreviewItem, "hostId" | "host">): Item {
  const { policy, rule: name, kind, mode } = rule;
  const { target, decision, bytes } = verdict;
  return { ...about, policy, rule: name, kind, mode, target, decision, bytes, verdict };
}

const toItem = ({ verdict, ...item }: Item): PreviewItem => ({
  ...item,
  explanation: explainVerdict(item.kind, verdict),
});

const ownerSums = (owner: string | undefined) => ({
  owner,
  tally: createTally(),
  changes: createChanges(),
  score: createScore(),
  items: keepLargest(MOST_ITEMS_AN_OWNER, byImportance),
});
type OwnerSums = ReturnType<typeof ownerSums>;

const toOwner = ({ owner, tally, changes, score, items }: OwnerSums): PreviewOwner => ({
  owner,
  tally: tally.result(),
  changes: changes.result(),
  score: score.result(),
  items: items.result().map(toItem),
});

function hostItem(
  { facts, known, candidate }: TriedHost,
  holds: PreviewHost["holds"],
  sums: Pick<PreviewHost, "tally" | "changes" | "score">,
): PreviewHost {
  return {
    hostId: facts.hostId,
    host: facts.hostname,
    policies: candidate.policies.map(({ name }) => name),
    inventoryAt: known.inventory.takenAt,
    holds,
    ...sums,
    waiting: waitingOf(candidate),
  };
}

const waitingOf = ({ round }: Trial): PreviewHost["waiting"] => round.waiting;

const holdsOf = ({ inventory }: TriedHost["known"]) => ({
  containers: inventory.containers.length,
  images: inventory.images.length,
  volumes: inventory.volumes.length,
});

function isAbout({ tally, changes }: PreviewHost): boolean {
  const { acts, observes, kept } = tally;
  return [acts, observes, kept].some(({ length }) => length > 0) || changes.noLonger.count > 0;
}

type Deeds = Pick<PreviewHost, "tally" | "changes">;

/** Where most would be done comes first; then where most changes; then where most would be told of. */
function byDeeds(a: Deeds, b: Deeds): number {
  const stepsOf = (counts: { count: number }[]) => counts.reduce((sum, { count }) => sum + count, 0);
  const changesOf = ({ changes }: Deeds) => changes.newly.count + changes.noLonger.count;
  return (
    stepsOf(b.tally.acts) - stepsOf(a.tally.acts) ||
    changesOf(b) - changesOf(a) ||
    stepsOf(b.tally.observes) - stepsOf(a.tally.observes)
  );
}

/** What would be done before what would only be told, the largest first. */
function byImportance(a: Item, b: Item): number {
  return Number(a.mode === "observe") - Number(b.mode === "observe") || (b.bytes ?? 0) - (a.bytes ?? 0);
}

function entryOf<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
