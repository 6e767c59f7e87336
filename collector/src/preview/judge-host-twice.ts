/** What compliance would say of a host, by the policy in force and by a candidate. Pure. */
import type { Inventory } from "@shipkeeper/model";
import {
  isActed,
  judgeHost,
  verdictsOf,
  type Finding,
  type HostJudgement,
  type HostToJudge,
  type Round,
  type Trial,
} from "@shipkeeper/policy";

/** What others know about what the host holds. */
export type KnownBeside = Pick<HostToJudge, "restorePoints" | "bases" | "backups">;

export interface Judgements {
  readonly before: HostJudgement;
  readonly after: HostJudgement;
  /** Findings that nobody waives and that the other judgement does not have. */
  readonly opens: readonly Finding[];
  readonly closes: readonly Finding[];
}

export interface Judged {
  readonly hostname: string;
  readonly beside: () => KnownBeside;
  readonly inForce: Trial | undefined;
  readonly candidate: Trial;
  readonly now: number;
}

/** Undefined where neither has a check for the host. */
export function judgeHostTwice({
  hostname,
  beside,
  inForce,
  candidate,
  now,
}: Judged): Judgements | undefined {
  const [was, will] = [inForce?.policies ?? [], candidate.policies];
  if ([...was, ...will].every(({ checks }) => checks.length === 0)) return undefined;

  const known = { hostname, ...beside() };
  const before = judgeHost(was, { ...known, inventory: inForce?.inventory ?? candidate.inventory }, now);
  const after = judgeHost(will, { ...known, inventory: withoutRemoved(candidate) }, now);
  return {
    before,
    after,
    opens: openOnlyIn(after, before),
    closes: openOnlyIn(before, after),
  };
}

/** What the candidate removes is not there to be judged any more. */
function withoutRemoved({ inventory, round }: Pick<Trial, "inventory" | "round">): Inventory {
  const removed = removedBy(round);
  const stays = (type: string) => (thing: { readonly id: string }) => !removed.has(`${type} ${thing.id}`);
  return {
    ...inventory,
    images: inventory.images.filter(stays("image")),
    containers: inventory.containers.filter(stays("container")),
    volumes: inventory.volumes.filter(({ name }) => stays("volume")({ id: name })),
  };
}

function removedBy(round: Round): ReadonlySet<string> {
  return new Set(
    verdictsOf(round)
      .filter((entry) => isActed(entry) && entry.verdict.decision === "remove")
      .map(({ verdict: { target } }) => `${target.type} ${target.id}`),
  );
}

function openOnlyIn(one: HostJudgement, other: HostJudgement): Finding[] {
  const theirs = new Set(open(other).map(keyOf));
  return open(one).filter((finding) => !theirs.has(keyOf(finding)));
}

const open = ({ findings }: HostJudgement) => findings.filter(({ waived }) => waived === undefined);
const keyOf = ({ check, subject }: Finding) => [check, subject.type, subject.id].join(" ");
