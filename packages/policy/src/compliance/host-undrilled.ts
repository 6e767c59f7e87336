import { formatDuration, newest } from "@shipkeeper/kit";
import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";

const evidence = z.discriminatedUnion("how", [
  z.object({ how: z.literal("never"), rule: z.string(), limitMs: z.number() }),
  z.object({ how: z.literal("too-long-ago"), rule: z.string(), ageMs: z.number(), limitMs: z.number() }),
  z.object({ how: z.literal("failed"), rule: z.string(), ageMs: z.number(), message: z.string() }),
]);
type Evidence = z.infer<typeof evidence>;

/** A drill takes its time, and waits for a window or for another one: so much longer than agreed is no fault yet. */
const PATIENCE = 1.1;

/** A host that nobody rebuilt elsewhere for a try within the rule's time, or whose last try failed. */
export const hostUndrilled: Check<true, Evidence> = {
  code: "host-undrilled",
  title: "host that was not rebuilt for a try",
  severity: "medium",
  limit: z.literal(true),
  evidence,
  needs: [],
  rebuild(_, { rule, dataset, spec }, { backups, now }) {
    if (backups === undefined) return undefined;
    const limitMs = spec.drill.every;
    const last = newest(
      backups.proofs.filter(
        (proof) =>
          proof.level === "drill" &&
          proof.dataset === dataset &&
          proof.repository === spec.from &&
          proof.at <= now,
      ),
    );
    if (last === undefined) return failed({ how: "never", rule, limitMs });
    const ageMs = now - last.at;
    if (!last.passed)
      return failed({ how: "failed", rule, ageMs, message: last.message ?? "it was not told why" });
    return ageMs > limitMs * PATIENCE ? failed({ how: "too-long-ago", rule, ageMs, limitMs }) : PASSED;
  },
  explain(facts) {
    switch (facts.how) {
      case "never":
        return `never rebuilt for a try (${facts.rule} wants it every ${formatDuration(facts.limitMs)})`;
      case "too-long-ago":
        return `last rebuilt for a try ${formatDuration(facts.ageMs)} ago (${facts.rule} wants it every ${formatDuration(facts.limitMs)})`;
      default:
        return `rebuilding it failed ${formatDuration(facts.ageMs)} ago: ${facts.message}`;
    }
  },
};
