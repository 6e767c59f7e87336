/** One policy or profile, with all that it inherits, from the data of its YAML. */
import { suggest, type Instant } from "@shipkeeper/kit";
import { writtenKind } from "../actions/catalog.ts";
import type { PlacedRule } from "./check-overlap.ts";
import { compileChecks } from "./compliance-source.ts";
import { companionsOf } from "./companions.ts";
import { check } from "./describe-issue.ts";
import { endProblem } from "./exemption.ts";
import { isProfile, nameOf } from "./inherit.ts";
import { compileLogs } from "./logs-source.ts";
import { parseRule, type Inherited } from "./parse-rule.ts";
import type { Exception, Policy } from "./policy.ts";
import type { Problem } from "./problem.ts";
import { compileRollout } from "./rollout-source.ts";
import { policySourceSchema, profileSourceSchema, type PostMortemsSource } from "./source.ts";
import { isMapping, type YamlDocument } from "./yaml-document.ts";

/**
 * The policy as far as it could be read; none for a profile, which is only checked. `isWhole` says whether all that it
 * inherits was found: a rule that is not here may stand in what was not.
 */
export function parseDocument(
  document: YamlDocument,
  { now, isWhole }: { now: Instant; isWhole: boolean },
): { policy?: Policy; placed: PlacedRule[]; problems: Problem[] } {
  const whole = { path: [], value: document.data };
  const { value: source, problems } = isProfile(document)
    ? check(profileSourceSchema, document, whole)
    : check(policySourceSchema, document, whole);
  // Rules are read even where the head is wrong: their mistakes are told in the same breath.
  const { placed, problems: found } = parseRules(document, source ?? {});
  const rules = placed.flatMap(({ rule }) => [rule, ...companionsOf(rule)]);
  problems.push(...found);
  if (source === undefined) return { placed, problems };

  problems.push(
    ...checkEnds(document, "exceptions", source.exceptions, now),
    ...checkEnds(document, "waivers", source.waivers, now),
    ...checkEnds(document, "coverage", source.coverage, now),
    ...(isWhole ? checkRuleNames(document, source.exceptions) : []),
  );
  if ("profile" in source) return { placed, problems };
  const { policy: name, hosts, rollout, owners, exceptions, waivers, coverage, logs } = source;
  const staged = rollout === undefined ? {} : { rollout: compileRollout(rollout) };
  const kept =
    source.postMortems === undefined ? {} : { postMortems: compilePostMortems(source.postMortems) };
  const watched = logs === undefined ? {} : { logs: compileLogs(logs) };
  const excluded = coverage.length === 0 ? {} : { coverage };
  const checks = compileChecks(source, { logs: watched.logs, rules });
  const policy = {
    name,
    hosts,
    ...staged,
    owners,
    ...kept,
    exceptions,
    checks,
    waivers,
    ...excluded,
    ...watched,
    rules,
  };
  return { policy, placed, problems };
}

function compilePostMortems({ keep, logLines }: PostMortemsSource): Policy["postMortems"] {
  return { ...(keep !== undefined && { keepMs: keep }), ...(logLines !== undefined && { logLines }) };
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

function checkRuleNames(document: YamlDocument, exceptions: readonly Pick<Exception, "rule">[]): Problem[] {
  const names = sourcesOf(document).flatMap(namesOf);
  return exceptions.flatMap(({ rule }, index) => {
    if (rule === undefined || names.includes(rule)) return [];
    const meant = suggest(rule, names);
    const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
    const message = `rule: there is no rule named ${rule} here${hint}`;
    return [document.problemAt(["exceptions", index, "rule"], message)];
  });
}

/** What a rule may be named, whatever is wrong with it: that is told at the rule itself. */
function namesOf(source: unknown): string[] {
  const entries = isMapping(source) ? Object.entries(source) : [];
  return entries.flatMap(([key, value], index) =>
    index === 0 || writtenKind(key) !== undefined ? String(value) : [],
  );
}

function sourcesOf({ data }: YamlDocument): unknown[] {
  const sources = isMapping(data) ? data["rules"] : undefined;
  return Array.isArray(sources) ? sources : [];
}

function parseRules(
  document: YamlDocument,
  inherited: Inherited,
): { placed: PlacedRule[]; problems: Problem[] } {
  const placed: PlacedRule[] = [];
  const problems: Problem[] = [];

  for (const [index, source] of sourcesOf(document).entries()) {
    const path = ["rules", index];
    const parsed = parseRule(document, { path, source, inherited });
    problems.push(...parsed.problems);
    if (parsed.rule === undefined) continue;

    const { kind, name } = parsed.rule;
    const first = placed.find(({ rule }) => rule.name === name)?.place;
    const place = document.problemAt([...path, kind], `a second rule named ${name}`);
    if (first !== undefined) {
      problems.push({ ...place, message: `${place.message}, the first is at ${first.file}:${first.line}` });
    }
    placed.push({ policy: nameOf(document), rule: parsed.rule, place });
  }
  return { placed, problems };
}
