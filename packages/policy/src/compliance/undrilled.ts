import { formatDuration, newest, type Instant } from "@shipkeeper/kit";
import * as z from "zod";
import type { CoveringRule } from "../coverage/judge-coverage.ts";
import { failed, PASSED, type Check } from "./check.ts";
import type { BackupsToJudge } from "./host-view.ts";

const evidence = z.discriminatedUnion("how", [
  z.object({ how: z.literal("no-drills"), rule: z.string() }),
  z.object({ how: z.literal("never"), rule: z.string(), limitMs: z.number() }),
  z.object({ how: z.literal("too-long-ago"), rule: z.string(), ageMs: z.number(), limitMs: z.number() }),
  z.object({ how: z.literal("failed"), rule: z.string(), ageMs: z.number(), message: z.string() }),
]);
type Evidence = z.infer<typeof evidence>;

/** Data with restore points that nobody restored for a try within the rule's time, or whose last try failed. */
export const undrilled: Check<true, Evidence> = {
  code: "undrilled",
  title: "backup whose restore was not tried",
  severity: "medium",
  limit: z.literal(true),
  evidence,
  needs: ["volumes", "containers"],
  data(_, { dataset, coverage }, { backups, now }) {
    // The host itself is drilled as a whole, onto another one.
    const isDrilled = dataset.startsWith("volume:") || dataset.startsWith("bind:");
    if (coverage.is !== "covered" || !isDrilled || backups === undefined) return undefined;
    const found = coverage.by.map((by) => fault(by, backups, now));
    // One drill is enough, whichever of its rules asks for it.
    if (found.includes("passed")) return PASSED;
    const worst = found.find((one) => one !== "passed" && one !== "nothing-to-try");
    return worst === undefined || typeof worst === "string" ? undefined : failed(worst);
  },
  explain(facts) {
    switch (facts.how) {
      case "no-drills":
        return `${facts.rule} asks for no drills`;
      case "never":
        return `never restored for a try (${facts.rule} wants it every ${formatDuration(facts.limitMs)})`;
      case "too-long-ago":
        return `last restored for a try ${formatDuration(facts.ageMs)} ago (${facts.rule} wants it every ${formatDuration(facts.limitMs)})`;
      default:
        return `the last drill failed ${formatDuration(facts.ageMs)} ago: ${facts.message}`;
    }
  },
};

function fault(
  { rule, dataset, repositories, spec }: CoveringRule,
  { proofs, points }: BackupsToJudge,
  now: Instant,
): Evidence | "passed" | "nothing-to-try" {
  const { drill, keep } = spec;
  if (drill === undefined) return { how: "no-drills", rule };
  const isOf = (one: { readonly dataset?: string | undefined; readonly repository: string }) =>
    one.dataset === dataset && repositories.includes(one.repository);
  const drills = proofs.filter((proof) => proof.level === "drill" && isOf(proof) && proof.at <= now);
  const last = newest(drills);
  if (last === undefined) {
    const since = Math.min(...points.filter(isOf).map(({ at }) => at));
    // What is kept for a shorter time than that is always younger.
    const patienceMs = Math.min(drill.every, keep.within);
    return now - since < patienceMs || since === Infinity
      ? "nothing-to-try"
      : { how: "never", rule, limitMs: drill.every };
  }
  const ageMs = now - last.at;
  if (!last.passed) return { how: "failed", rule, ageMs, message: last.message ?? "it was not told why" };
  return ageMs > drill.every ? { how: "too-long-ago", rule, ageMs, limitMs: drill.every } : "passed";
}
