import { formatDuration, type Instant } from "@shipkeeper/kit";
import * as z from "zod";
import type { CoveringRule } from "../coverage/judge-coverage.ts";
import { ladderOf } from "../dataset/ladder.ts";
import { TERMS_A_PROOF_COUNTS } from "../objectives/vouched.ts";
import { failed, PASSED, type Check } from "./check.ts";
import type { BackupsToJudge } from "./host-view.ts";

const place = z.object({ repository: z.string() });
const evidence = z.discriminatedUnion("how", [
  place.extend({ how: z.literal("bad"), level: z.string(), message: z.string() }),
  place.extend({ how: z.literal("never") }),
  place.extend({ how: z.literal("too-long-ago"), level: z.string(), ageMs: z.number(), limitMs: z.number() }),
]);
type Evidence = z.infer<typeof evidence>;

/** A repository of the data that was found bad, or that nobody looked through for twice the time that the rule says. */
export const unverified: Check<true, Evidence> = {
  code: "unverified",
  title: "backup that was not verified",
  severity: "medium",
  limit: z.literal(true),
  evidence,
  needs: ["volumes", "containers"],
  data(_, { coverage }, { backups, now }) {
    if (coverage.is !== "covered" || backups === undefined) return undefined;
    const places = coverage.by.flatMap((by) => by.repositories.map((repository) => ({ by, repository })));
    const held = places.filter(({ by, repository }) =>
      backups.points.some((point) => point.dataset === by.dataset && point.repository === repository),
    );
    if (held.length === 0) return undefined;
    const found = held.flatMap(({ by, repository }) => fault(by, repository, backups, now) ?? []);
    const worst = found.find(({ how }) => how === "bad") ?? found[0];
    return worst === undefined ? PASSED : failed(worst);
  },
  explain(facts) {
    switch (facts.how) {
      case "bad":
        return `${facts.repository} was found bad (${facts.level}): ${facts.message}`;
      case "never":
        return `${facts.repository} was never looked through`;
      default:
        return `${facts.level} of ${facts.repository} last proven ${formatDuration(facts.ageMs)} ago (limit ${formatDuration(facts.limitMs)})`;
    }
  },
};

function fault(
  { dataset, spec }: CoveringRule,
  repository: string,
  { proofs, points }: BackupsToJudge,
  now: Instant,
): Evidence | undefined {
  const { rungs, failure } = ladderOf(proofs, { repository, dataset }, now);
  // Whether a restore works is another finding.
  if (failure !== undefined && failure.level !== "drill") {
    return {
      how: "bad",
      repository,
      level: failure.level,
      message: failure.message ?? "it was not told why",
    };
  }
  const limits = [
    ["structure", spec.verify.structure],
    ["bytes", spec.verify.read],
  ] as const;
  for (const [level, termMs] of limits) {
    const at = rungs.find((rung) => rung.level === level)?.provenAt;
    const limitMs = TERMS_A_PROOF_COUNTS * termMs;
    if (at !== undefined && now - at > limitMs)
      return { how: "too-long-ago", repository, level, ageMs: now - at, limitMs };
    if (at === undefined && level === "structure" && now - oldest(points, dataset, repository) > limitMs)
      return { how: "never", repository };
  }
  return undefined;
}

function oldest(points: BackupsToJudge["points"], dataset: string, repository: string): Instant {
  return Math.min(
    ...points.filter((one) => one.dataset === dataset && one.repository === repository).map(({ at }) => at),
  );
}
