/**
 * The fleet-wide what-if: plans a candidate policy on every host as the collector knows it, with the planners of the
 * agents, beside the policy in force. It reads and computes, and hands over to the rest of the collector after each host.
 */
import { randomUUID } from "node:crypto";
import { setImmediate as nextTurn } from "node:timers/promises";
import { OperationalError, days, type Instant } from "@shipkeeper/kit";
import type { HostId, RoundId } from "@shipkeeper/model";
import { compileBundle, type Policy, type Round } from "@shipkeeper/policy";
import type { PolicyPreview, PolicyPreviewQuery } from "@shipkeeper/protocol";
import type { Store } from "../store/store.ts";
import { createSums } from "./sums.ts";
import { tryHost } from "./try-host.ts";
import { createWarnings } from "./warnings.ts";

export class PreviewGivenUp extends OperationalError {
  override readonly name = "PreviewGivenUp";
  readonly code = "preview_given_up";
  readonly retryable = true;
}

export interface Previewing extends Pick<PolicyPreviewQuery, "owner" | "explain" | "limit"> {
  readonly policies: readonly Policy[];
  /** Only this one. */
  readonly hostId: HostId | undefined;
  readonly now: Instant;
  /** Ends it with `PreviewGivenUp`. */
  readonly signal: AbortSignal;
}

/** What a candidate would be signed with; long enough that its end plays no part. */
const VALID_MS = days(90);

export async function previewFleet(
  store: Pick<Store, "hosts" | "planningFacts" | "complianceFacts" | "baseImages" | "policies">,
  { policies, hostId, now, signal, owner, explain, limit }: Previewing,
): Promise<PolicyPreview> {
  const inForce = store.policies.inForce()?.bundle;
  const revision = (inForce?.revision ?? 0) + 1;
  // As it will be when every ring has it.
  const terms = { revision, issuedAt: now, expiresAt: now + VALID_MS, atOnce: true };
  const candidate = compileBundle(policies, terms);
  const basesUnder = store.baseImages.lookup();
  const beside = (id: HostId) => store.complianceFacts.beside(id, basesUnder);
  const trying = { candidate, inForce, now, roundId: randomUUID() as RoundId, beside };
  const warnings = createWarnings({ now, candidate, inForceRevision: inForce?.revision });
  const sums = createSums({ limit, owner });
  const notJudged: PolicyPreview["hosts"]["notJudged"] = [];
  const count = { known: 0, judged: 0 };
  let round: Round | undefined;

  for (const id of hostId === undefined ? store.hosts.ids() : [hostId]) {
    await nextTurn();
    if (signal.aborted) throw givenUp(count.known);
    const facts = store.planningFacts.of(id);
    if (facts === undefined || facts.revoked) continue;
    count.known += 1;
    const tried = tryHost(facts, trying);
    if ("why" in tried) {
      notJudged.push({ hostId: id, host: facts.hostname, why: tried.why });
      continue;
    }
    count.judged += 1;
    sums.add(tried);
    warnings.look(tried);
    if (explain === true) round = tried.candidate.round;
  }

  if (hostId === undefined) warnings.lookedAtAll(count.judged);
  const { items, selected, acting, ...summed } = sums.result();
  return {
    at: now,
    inForce: inForce?.revision,
    warnings: warnings.result(),
    hosts: { ...count, selected, acting, notJudged: notJudged.slice(0, limit), items },
    ...summed,
    ...(round !== undefined && { round }),
  };
}

function givenUp(judged: number): PreviewGivenUp {
  return new PreviewGivenUp(
    `the preview was given up after ${judged} hosts; ask for one host or try again when the collector is less busy`,
  );
}
