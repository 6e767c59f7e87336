/**
 * YAML that people wrote → policies that programs run. Reports every mistake of every file at once, each with its place;
 * a policy with a mistake is left out, so that half of what was meant never comes into force.
 */
import { check } from "./describe-issue.ts";
import { parseRule } from "./parse-rule.ts";
import type { Mode, Policy, Rule } from "./policy.ts";
import { byPlace, MOST_PROBLEMS, type Problem } from "./problem.ts";
import { policySourceSchema } from "./source.ts";
import { isMapping, readYaml, type YamlDocument } from "./yaml-document.ts";

export interface PolicyFile {
  readonly file: string;
  readonly text: string;
}

/** The policies of all files that have no problem, in the order of the files. */
export function parsePolicy(files: readonly PolicyFile[]): { policies: Policy[]; problems: Problem[] } {
  const policies: Policy[] = [];
  const problems: Problem[] = [];
  const fileOf = new Map<string, string>();

  for (const { file, text } of files) {
    const { document, problems: found } = readYaml(file, text);
    const policy = document === undefined ? undefined : parseDocument(document, found);

    if (document !== undefined && policy !== undefined) {
      const before = fileOf.get(policy.name);
      if (before !== undefined) {
        found.push(
          document.problemAt(["policy"], `a second policy named ${policy.name}, the first is in ${before}`),
        );
      }
      fileOf.set(policy.name, before ?? file);
      if (found.length === 0) policies.push(policy);
    }
    problems.push(...found.sort(byPlace).slice(0, MOST_PROBLEMS));
  }
  return { policies, problems };
}

/** The policy as far as its head could be read. */
function parseDocument(document: YamlDocument, problems: Problem[]): Policy | undefined {
  const head = check(policySourceSchema, document, { path: [], value: document.data });
  // Rules are read even where the head of the policy is wrong: their mistakes are told in the same breath.
  const rules = parseRules(document, head.value?.mode ?? "observe", problems);
  problems.push(...head.problems);
  if (head.value === undefined) return undefined;

  const { policy: name, hosts, owners } = head.value;
  return { name, hosts, owners, rules };
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
