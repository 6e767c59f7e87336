/** What a person should know before a candidate is pushed, in sentences. Pure. */
import { formatDuration, formatInstant, type Instant } from "@shipkeeper/kit";
import { isActed, ruleKey, verdictsOf, type PolicyBundle } from "@shipkeeper/policy";
import { SILENT_AFTER_MS, previewWarningCodeSchema, type PreviewWarning } from "@shipkeeper/protocol";
import { keepLargest } from "./largest.ts";
import type { TriedHost } from "./try-host.ts";

/** A run that removes more than this share of the images of a host is worth a look. */
const MUCH_SHARE = 0.2;
/** Small hosts reach any share with a single image. */
const LEAST_IMAGES = 3;
/** Of one sort of warning; the rest is counted. */
const MOST_OF_A_SORT = 10;

type Code = PreviewWarning["code"];

interface Weighed extends PreviewWarning {
  /** Of one sort, the heaviest are told. */
  readonly weight: number;
}

export interface WarningOptions {
  readonly now: Instant;
  readonly candidate: PolicyBundle;
  /** What the candidate is compared with; undefined where no policy is in force. */
  readonly inForceRevision: number | undefined;
}

export function createWarnings({ now, candidate, inForceRevision }: WarningOptions) {
  const selecting = new Set<string>();
  const notPlanned = new Map<string, number>();
  const found = new Map(previewWarningCodeSchema.options.map((code) => [code, sort()]));
  const warn = (warning: Weighed) => found.get(warning.code)?.add(warning);

  return {
    look(host: TriedHost): void {
      for (const { name } of host.candidate.policies) selecting.add(name);
      for (const { policy, rule, why } of host.candidate.round.waiting) {
        const what = `${ruleKey(policy, rule)}: ${why}`;
        notPlanned.set(what, (notPlanned.get(what) ?? 0) + 1);
      }
      if (host.candidate.policies.length === 0) return;
      for (const warning of warningsOf(host, { now, inForceRevision })) warn(warning);
    },

    /** `judged` hosts were looked at, and these are all that there are. */
    lookedAtAll(judged: number): void {
      for (const { name } of candidate.policies.filter((policy) => !selecting.has(policy.name))) {
        const message = `policy ${name} selects none of the ${judged} judged hosts: nothing of it would be done`;
        warn({ code: "selects-no-host", message, weight: 0 });
      }
    },

    result(): PreviewWarning[] {
      for (const [what, hosts] of notPlanned) {
        const where = hosts === 1 ? "1 host" : `${hosts} hosts`;
        warn({ code: "not-planned", message: `not planned on ${where}: ${what}`, weight: hosts });
      }
      return [...found].flatMap(([code, { told, count }]) => {
        const messages = told().map(({ message }) => ({ code, message }));
        const more = count() - messages.length;
        return more > 0
          ? [...messages, { code, message: `… and ${more} more warnings of this sort` }]
          : messages;
      });
    },
  };
}

/** The heaviest warnings of one sort, and how many there were. */
function sort() {
  const heaviest = keepLargest<Weighed>(MOST_OF_A_SORT, (a, b) => b.weight - a.weight);
  let count = 0;
  return {
    add(warning: Weighed): void {
      count += 1;
      heaviest.add(warning);
    },
    told: () => heaviest.result(),
    count: () => count,
  };
}

function warningsOf(
  host: TriedHost,
  { now, inForceRevision }: Pick<WarningOptions, "now" | "inForceRevision">,
): Weighed[] {
  const { facts, known, candidate, cutByGuardrails } = host;
  const { hostname, lastSeenAt, policyRevision } = facts;
  const { gaps, takenAt, images } = known.inventory;
  const warnings: Weighed[] = [];
  const warn = (code: Code, message: string, weight = 0) => warnings.push({ code, message, weight });

  for (const violation of candidate.check()) warn("unsound", `${hostname}: ${violation}`);

  const removed = removedImages(host);
  const share = removed / images.length;
  if (removed >= LEAST_IMAGES && share > MUCH_SHARE) {
    const percent = Math.round(share * 100);
    const message = `removes ${percent} % of the images of ${hostname}: ${removed} of ${images.length}`;
    warn("removes-much", message, share);
  }

  const heldBackBy = candidate.round.planned.find((rule) => rule.heldBackBy !== undefined)?.heldBackBy;
  if (heldBackBy !== undefined) warn("held-back", `${hostname} would only observe: ${heldBackBy}`);

  if (cutByGuardrails > 0) {
    const steps = cutByGuardrails === 1 ? "1 step" : `${cutByGuardrails} steps`;
    warn("guardrails", `the guardrails of ${hostname} hold back ${steps}`, cutByGuardrails);
  }

  for (const need of candidate.needs()) {
    if (need.what !== "registry") continue;
    const message = `what ${hostname} would delete in the registry ${need.name} takes a look at it: let the rule observe first`;
    warn("needs-a-look", message);
  }

  const [gap] = gaps;
  if (gap !== undefined) {
    const parts = gaps.length === 1 ? "1 part" : `${gaps.length} parts`;
    const message = `${parts} of the inventory of ${hostname} could not be read (${gap.section}: ${gap.error}): what depends on it stays`;
    warn("incomplete", message, gaps.length);
  }

  const silentMs = now - (lastSeenAt ?? takenAt);
  if (silentMs > SILENT_AFTER_MS) {
    const message = `${hostname} has not been heard of for ${formatDuration(silentMs)}: judged by its inventory of ${formatInstant(takenAt)}`;
    warn("silent", message, silentMs);
  }

  if (inForceRevision !== undefined && policyRevision !== inForceRevision) {
    const revision = policyRevision === 0 ? "no policy" : `revision ${policyRevision}`;
    const message = `${hostname} still goes by ${revision}; it is compared with revision ${inForceRevision}`;
    warn("other-revision", message, inForceRevision - policyRevision);
  }
  return warnings;
}

function removedImages({ candidate }: TriedHost): number {
  const steps = verdictsOf(candidate.round).filter(isActed);
  return steps.filter(({ verdict: { decision, target } }) => decision === "remove" && target.type === "image")
    .length;
}
