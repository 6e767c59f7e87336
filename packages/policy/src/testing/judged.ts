/** Hosts held to the compliance keys of a policy, said in the policy's own words. */
import type { Instant } from "@shipkeeper/kit";
import type { Container, Inventory } from "@shipkeeper/model";
import { explainFinding } from "../compliance/finding.ts";
import type { HostToJudge } from "../compliance/host-view.ts";
import { judgeHost, type HostJudgement } from "../compliance/judge-host.ts";
import { parsePolicy } from "../language/parse-policy.ts";
import type { Policy } from "../language/policy.ts";
import { formatProblem } from "../language/problem.ts";
import { container, image, NOW, worldWith } from "./world.ts";

/** A policy with these keys in its head. Throws where they have a mistake. */
export function policyWith(keys: string, name = "production"): Policy {
  const text = `policy: ${name}\nhosts: { environment: production }\n${keys}\n`;
  const { policies, problems } = parsePolicy([{ file: "policy.yaml", text }], { now: NOW });
  const [policy] = policies;
  if (policy === undefined) throw new Error(problems.map(formatProblem).join("\n"));
  return policy;
}

type Things = Partial<Pick<Inventory, "images" | "containers" | "volumes" | "gaps">>;

export function hostToJudge(things: Things, facts: Partial<HostToJudge> = {}): HostToJudge {
  const { inventory } = worldWith(things);
  return { hostname: "web-1", inventory, restorePoints: [], bases: new Map(), ...facts };
}

export function judge(
  policies: Policy | Policy[],
  things: Things,
  { now = NOW, ...facts }: Partial<HostToJudge> & { now?: Instant } = {},
): HostJudgement {
  return judgeHost([policies].flat(), hostToJudge(things, facts), now);
}

/** Thing → `check: the evidence in words` of each of its findings; and how many things passed of those looked at. */
export function told({ findings, tallies }: HostJudgement): {
  found: Record<string, string>;
  passed: string;
} {
  const sum = (key: "checked" | "passed") => tallies.reduce((total, tally) => total + tally[key], 0);
  return {
    found: Object.fromEntries(
      findings.map((finding) => [finding.subject.name, `${finding.check}: ${explainFinding(finding)}`]),
    ),
    passed: `${sum("passed")} of ${sum("checked")}`,
  };
}

/** A container that runs an image of the same host. */
export function running(name: string, imageName: string, facts: Partial<Container> = {}): Container {
  return container(name, { image: imageName, imageId: image(imageName).id, ...facts });
}
