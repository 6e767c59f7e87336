import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";
import { listed } from "./image-names.ts";

const plain = z.object({ users: z.array(z.string()) });
const evidence = z.union([plain.extend({ why: z.string() }), plain]);

/** Data of containers that no rule backs up and that nobody said need not be: what is lost with the host. */
export const uncovered: Check<true, z.infer<typeof evidence>> = {
  code: "uncovered",
  title: "data that no rule backs up",
  severity: "high",
  limit: z.literal(true),
  evidence,
  needs: ["volumes", "containers"],
  data(_, { users, coverage }) {
    if (coverage.is === "no-data") return undefined;
    if (coverage.is !== "uncovered") return PASSED;
    const { why } = coverage;
    return failed({ users: [...users], ...(why !== undefined && { why }) });
  },
  explain(facts) {
    const users = facts.users.length === 0 ? "used by nobody" : `used by ${listed(facts.users, "and")}`;
    return "why" in facts ? `${users}, ${facts.why}` : `${users}, and no rule backs it up`;
  },
};
