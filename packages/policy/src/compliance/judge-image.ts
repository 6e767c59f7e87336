/** Whether an image may be run, by the image rules of policies: the answer that a pipeline waits for. */
import type { Instant } from "@shipkeeper/kit";
import { repositoriesOf, repositoryOf } from "@shipkeeper/model";
import { matchesExemption } from "../language/exemption.ts";
import type { Policy } from "../language/policy.ts";
import { complianceCheck } from "./catalog.ts";
import type { Answer, AskedImage, Check } from "./check.ts";
import { fullName, namesOf } from "./image-names.ts";
import type { CheckRule } from "./rule.ts";

/** What one rule says: `unknown` where it could not be judged, `waived` where it would refuse but for a waiver. */
export interface GateRule extends Pick<CheckRule, "check" | "severity"> {
  readonly policy: string;
  readonly verdict: "allowed" | "waived" | "refused" | "unknown";
  /** Why, in words; absent where it allows. */
  readonly says?: string;
}

export interface GateAnswer {
  readonly allowed: boolean;
  /** Every rule that judges images, policy by policy. None at all refuses nothing. */
  readonly rules: readonly GateRule[];
}

/**
 * Pure and total. Allowed where no rule refuses; what could not be judged refuses, too, unless `allowUnknown`. A name
 * may stand for several images of the fleet: a rule is as content as it is with the worst of them.
 */
export function judgeImage(
  policies: readonly Pick<Policy, "name" | "checks" | "waivers">[],
  asked: readonly [AskedImage, ...AskedImage[]],
  { now, allowUnknown }: { now: Instant; allowUnknown: boolean },
): GateAnswer {
  const rules = policies.flatMap((policy) =>
    policy.checks.flatMap((rule) => {
      const check = complianceCheck(rule.check);
      const limit = check?.limit.safeParse(rule.limit);
      if (check?.gate === undefined || limit?.success !== true) return [];
      const { check: code, severity } = rule;
      return [{ policy: policy.name, check: code, severity, ...judge(policy, check, limit.data) }];
    }),
  );
  const refuses = ({ verdict }: GateRule) =>
    verdict === "refused" || (verdict === "unknown" && !allowUnknown);
  return { allowed: !rules.some(refuses), rules };

  function judge(
    { waivers }: Pick<Policy, "waivers">,
    check: Check,
    limit: unknown,
  ): Pick<GateRule, "verdict" | "says"> {
    const answers = asked.flatMap((one) => {
      const answer = check.gate?.(limit, one, now);
      return answer === undefined ? [] : [{ answer, one }];
    });
    const isWaived = (one: AskedImage) =>
      waivers.some(
        ({ finding, match, until }) =>
          finding === check.code && until > now && matchesExemption(match, { image: namesOfAsked(one) }),
      );
    const refused = answers.flatMap(({ answer, one }) =>
      answer.is === "failed" ? [{ says: check.explain(answer.evidence), waived: isWaived(one) }] : [],
    );
    const worst = refused.find(({ waived }) => !waived) ?? refused[0];
    if (worst !== undefined && !worst.waived) return { verdict: "refused", says: worst.says };
    const unknown = answers.map(({ answer }) => answer).find(isUnknown);
    if (unknown !== undefined) return { verdict: "unknown", says: unknown.why };
    return worst === undefined ? { verdict: "allowed" } : { verdict: "waived", says: worst.says };
  }
}

function isUnknown(answer: Answer): answer is Extract<Answer, { is: "unknown" }> {
  return answer.is === "unknown";
}

function namesOfAsked({ reference, image }: AskedImage): string[] {
  const own = image === undefined ? [] : [...namesOf(image), ...repositoriesOf(image)];
  return [reference, fullName(reference), repositoryOf(reference), ...own];
}
