/** What a person should know before a candidate is pushed, in sentences. Pure. */
import { formatDuration, formatInstant, type Instant } from "@shipkeeper/kit";
import { isActed, verdictsOf, type PolicyBundle } from "@shipkeeper/policy";
import { SILENT_AFTER_MS, type PreviewWarning } from "@shipkeeper/protocol";
import type { TriedHost } from "./try-host.ts";

/** A run that removes more than this share of the images of a host is worth a look. */
const MUCH_SHARE = 0.2;
/** Small hosts reach any share with a single image. */
const LEAST_IMAGES = 3;
/** Of one sort of warning; the rest is counted. */
const MOST_OF_A_SORT = 10;

export function createWarnings({ now, candidate }: { now: Instant; candidate: PolicyBundle }) {
  const selecting = new Set<string>();
  const found = new Map<PreviewWarning["code"], { messages: string[]; more: number }>();

  const warn = (code: PreviewWarning["code"], message: string) => {
    const of = found.get(code) ?? { messages: [], more: 0 };
    found.set(code, of);
    if (of.messages.length < MOST_OF_A_SORT) of.messages.push(message);
    else of.more += 1;
  };

  return {
    look(host: TriedHost, inForceRevision: number | undefined): void {
      for (const { name } of host.candidate.policies) selecting.add(name);
      for (const violation of host.candidate.check()) {
        warn("unsound", `${host.facts.hostname}: ${violation}`);
      }
      if (host.candidate.policies.length === 0) return;
      for (const [code, message] of warningsOf(host, now, inForceRevision)) warn(code, message);
    },

    /** `judged` hosts were looked at, and these are all that there are. */
    lookedAtAll(judged: number): void {
      for (const { name } of candidate.policies.filter((policy) => !selecting.has(policy.name))) {
        warn(
          "selects-no-host",
          `policy ${name} selects none of the ${judged} judged hosts: nothing of it would be done`,
        );
      }
    },

    result(): PreviewWarning[] {
      return ORDER.flatMap((code) => {
        const { messages = [], more = 0 } = found.get(code) ?? {};
        const rest = more === 0 ? [] : [{ code, message: `… and ${more} more warnings of this sort` }];
        return [...messages.map((message) => ({ code, message })), ...rest];
      });
    },
  };
}

/** What is worst comes first. */
const ORDER: readonly PreviewWarning["code"][] = [
  "unsound",
  "selects-no-host",
  "removes-much",
  "held-back",
  "guardrails",
  "incomplete",
  "silent",
  "other-revision",
];

function warningsOf(
  { facts, known, candidate, cutByGuardrails }: TriedHost,
  now: Instant,
  inForceRevision: number | undefined,
): [PreviewWarning["code"], string][] {
  const { hostname, lastSeenAt, policyRevision } = facts;
  const { inventory } = known;
  const warnings: [PreviewWarning["code"], string][] = [];

  const removed = verdictsOf(candidate.round).filter(
    (entry) => isActed(entry) && entry.verdict.decision === "remove" && entry.verdict.target.type === "image",
  ).length;
  const share = removed / inventory.images.length;
  if (removed >= LEAST_IMAGES && share > MUCH_SHARE) {
    const percent = Math.round(share * 100);
    warnings.push([
      "removes-much",
      `removes ${percent} % of the images of ${hostname}: ${removed} of ${inventory.images.length}`,
    ]);
  }

  const heldBackBy = candidate.round.planned.find((rule) => rule.heldBackBy !== undefined)?.heldBackBy;
  if (heldBackBy !== undefined) warnings.push(["held-back", `${hostname} would only observe: ${heldBackBy}`]);

  if (cutByGuardrails > 0) {
    const steps = cutByGuardrails === 1 ? "1 step" : `${cutByGuardrails} steps`;
    warnings.push(["guardrails", `the guardrails of ${hostname} hold back ${steps}`]);
  }

  if (inventory.gaps.length > 0) {
    const [gap] = inventory.gaps;
    warnings.push([
      "incomplete",
      `${inventory.gaps.length} parts of the inventory of ${hostname} could not be read (${gap?.section}: ${gap?.error}): what depends on them stays`,
    ]);
  }

  const silentMs = now - (lastSeenAt ?? inventory.takenAt);
  if (silentMs > SILENT_AFTER_MS) {
    warnings.push([
      "silent",
      `${hostname} has not been heard of for ${formatDuration(silentMs)}: judged by its inventory of ${formatInstant(inventory.takenAt)}`,
    ]);
  }

  if (inForceRevision !== undefined && policyRevision !== inForceRevision) {
    const revision = policyRevision === 0 ? "no policy" : `revision ${policyRevision}`;
    warnings.push([
      "other-revision",
      `${hostname} still goes by ${revision}; it is compared with revision ${inForceRevision}`,
    ]);
  }
  return warnings;
}
