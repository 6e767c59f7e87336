/**
 * YAML that people wrote → policies that programs run. Reports every mistake of every file at once, each with its place;
 * a policy with a mistake is left out, so that half of what was meant never comes into force.
 */
import { suggest, type Instant } from "@shipkeeper/kit";
import type { LateProblem } from "./check-hosts.ts";
import { compileChecks } from "./compliance-source.ts";
import { check } from "./describe-issue.ts";
import { endProblem } from "./exemption.ts";
import { parseRule } from "./parse-rule.ts";
import type { Exception, Mode, Policy, Rule } from "./policy.ts";
import { byPlace, MOST_PROBLEMS, type Problem } from "./problem.ts";
import { compileRollout } from "./rollout-source.ts";
import { policySourceSchema } from "./source.ts";
import { isMapping, readYaml, type YamlDocument } from "./yaml-document.ts";

export interface PolicyFile {
  readonly file: string;
  readonly text: string;
}

export interface ParsedPolicies {
  readonly policies: Policy[];
  readonly problems: Problem[];
  /** A mistake of one of the policies that is found later, at its place in the file. */
  place(problem: LateProblem): Problem;
}

/** The policies of all files that have no problem, in the order of the files. What is over by `now` is a problem. */
export function parsePolicy(files: readonly PolicyFile[], { now }: { now: Instant }): ParsedPolicies {
  const policies: Policy[] = [];
  const problems: Problem[] = [];
  const documents = new Map<string, YamlDocument>();

  for (const { file, text } of files) {
    const { document, problems: found } = readYaml(file, text);
    const policy = document === undefined ? undefined : parseDocument(document, found, now);

    if (document !== undefined && policy !== undefined) {
      const before = documents.get(policy.name);
      if (before !== undefined) {
        const message = `a second policy named ${policy.name}, the first is in ${before.file}`;
        found.push(document.problemAt(["policy"], message));
      }
      documents.set(policy.name, before ?? document);
      if (found.length === 0) policies.push(policy);
    }
    problems.push(...found.sort(byPlace).slice(0, MOST_PROBLEMS));
  }
  return {
    policies,
    problems,
    place({ policy, path, message }) {
      const document = documents.get(policy);
      return document === undefined
        ? { file: policy, line: 1, column: 1, message }
        : document.problemAt(path, message);
    },
  };
}

/** The policy as far as its head could be read. */
function parseDocument(document: YamlDocument, problems: Problem[], now: Instant): Policy | undefined {
  const head = check(policySourceSchema, document, { path: [], value: document.data });
  // Rules are read even where the head of the policy is wrong: their mistakes are told in the same breath.
  const rules = parseRules(document, head.value?.mode ?? "observe", problems);
  problems.push(...head.problems);
  if (head.value === undefined) return undefined;

  const { policy: name, hosts, rollout, owners, exceptions, waivers } = head.value;
  problems.push(
    ...checkEnds(document, "exceptions", exceptions, now),
    ...checkEnds(document, "waivers", waivers, now),
    ...checkRuleNames(document, exceptions, rules),
  );
  const staged = rollout === undefined ? {} : { rollout: compileRollout(rollout) };
  return { name, hosts, ...staged, owners, exceptions, checks: compileChecks(head.value), waivers, rules };
}

/** An exemption that is over protects nobody any more, and its author does not know. */
function checkEnds(
  document: YamlDocument,
  key: string,
  exemptions: readonly { until: Instant }[],
  now: Instant,
): Problem[] {
  return exemptions.flatMap(({ until }, index) => {
    const wrong = endProblem(until, now);
    return wrong === undefined ? [] : [document.problemAt([key, index, "until"], `until: ${wrong}`)];
  });
}

function checkRuleNames(
  document: YamlDocument,
  exceptions: readonly Pick<Exception, "rule">[],
  rules: readonly Rule[],
): Problem[] {
  const names = rules.map(({ name }) => name);
  return exceptions.flatMap(({ rule }, index) => {
    if (rule === undefined || names.includes(rule)) return [];
    const meant = suggest(rule, names);
    const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
    const message = `rule: this policy has no rule named ${rule}${hint}`;
    return [document.problemAt(["exceptions", index, "rule"], message)];
  });
}

function parseRules(document: YamlDocument, mode: Mode, problems: Problem[]): Rule[] {
  const rules: Rule[] = [];
  const sources = isMapping(document.data) ? document.data["rules"] : undefined;

  for (const [index, source] of (Array.isArray(sources) ? sources : []).entries()) {
    const path = ["rules", index];
    const parsed = parseRule(document, { path, source, mode });
    problems.push(...parsed.problems);
    if (parsed.rule === undefined) continue;

    const { kind, name } = parsed.rule;
    if (rules.some((rule) => rule.name === name)) {
      problems.push(
        document.problemAt([...path, kind], `a second rule named ${name}; names are unique in a policy`),
      );
    }
    rules.push(parsed.rule);
  }
  return rules;
}
