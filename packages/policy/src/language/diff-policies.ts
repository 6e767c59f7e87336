/** What differs between two sets of policies, in the words of the language, one change a line. */
import { formatDuration } from "@shipkeeper/kit";
import { actionKind } from "../actions/catalog.ts";
import { ruleKey } from "./compile.ts";
import type { Policy, Rule } from "./policy.ts";

export interface PolicyChange {
  readonly change: "added" | "removed" | "changed";
  readonly policy: string;
  /** Absent where it is about the policy itself. */
  readonly rule?: string;
  /** Of a changed value: `images.unusedFor`. */
  readonly key?: string;
  /** Of a changed value, in words; absent where there was none. */
  readonly before?: string;
  readonly after?: string;
}

export function diffPolicies(before: readonly Policy[], after: readonly Policy[]): PolicyChange[] {
  return pairs(before, after).flatMap(({ name: policy, old, young }): PolicyChange[] => {
    if (old === undefined) return [{ change: "added", policy }, ...diffRules(policy, [], young?.rules ?? [])];
    if (young === undefined) return [{ change: "removed", policy }];
    const { rules: oldRules, ...oldHead } = old;
    const { rules: youngRules, ...youngHead } = young;
    return [
      ...diffValues(oldHead, youngHead).map((value): PolicyChange => ({
        change: "changed",
        policy,
        ...value,
      })),
      ...diffRules(policy, oldRules, youngRules),
    ];
  });
}

/** `~ prune host-cache: images.unusedFor 14d → 7d`. */
export function formatChange({ change, policy, rule, key, before, after }: PolicyChange): string {
  const what = rule === undefined ? `policy ${policy}` : `rule ${ruleKey(policy, rule)}`;
  if (change !== "changed") return `${change === "added" ? "+" : "-"} ${what}`;
  return `~ ${what}: ${key ?? ""} ${before ?? "nothing"} → ${after ?? "nothing"}`;
}

function diffRules(policy: string, before: readonly Rule[], after: readonly Rule[]): PolicyChange[] {
  return pairs(written(before), written(after)).flatMap(({ name: rule, old, young }): PolicyChange[] => {
    if (old === undefined) return [{ change: "added", policy, rule }];
    if (young === undefined) return [{ change: "removed", policy, rule }];
    return diffValues(wordsOf(old), wordsOf(young)).map((value) => ({
      change: "changed",
      policy,
      rule,
      ...value,
    }));
  });
}

/** What comes along with a rule follows from it: its changes are the rule's. */
function written(rules: readonly Rule[]): Rule[] {
  return rules.filter(({ kind }) => actionKind(kind)?.companionOnly !== true);
}

/** A rule as it is written: its own keys stand beside those that all rules share. */
function wordsOf({ spec, ...shared }: Rule): object {
  return typeof spec === "object" && spec !== null ? { ...shared, ...spec } : { ...shared, spec };
}

/** What has the same name on both sides, or is on one side only, in the order of the names. */
function pairs<Thing extends { readonly name: string }>(before: readonly Thing[], after: readonly Thing[]) {
  const names = [...new Set([...before, ...after].map(({ name }) => name))].sort();
  const named = (things: readonly Thing[], name: string) => things.find((thing) => thing.name === name);
  return names.map((name) => ({ name, old: named(before, name), young: named(after, name) }));
}

function diffValues(before: object, after: object): Pick<PolicyChange, "key" | "before" | "after">[] {
  const old = new Map(leaves(before, []));
  const young = new Map(leaves(after, []));
  return [...new Set([...old.keys(), ...young.keys()])]
    .filter((key) => old.get(key) !== young.get(key))
    .sort()
    .map((key) => ({ key, ...word("before", old.get(key)), ...word("after", young.get(key)) }));
}

function word<Side extends string>(side: Side, text: string | undefined): Partial<Record<Side, string>> {
  return text === undefined ? {} : ({ [side]: text } as Record<Side, string>);
}

/** Every value below, by its dotted key; lists of plain values are one. */
function leaves(value: unknown, path: readonly string[]): [key: string, words: string][] {
  if (value === undefined) return [];
  const isPlainList = Array.isArray(value) && value.every((item) => typeof item !== "object");
  if (typeof value === "object" && value !== null && !isPlainList) {
    return Object.entries(value).flatMap(([key, below]) => leaves(below, [...path, key]));
  }
  return [[path.join("."), inWords(value, path.at(-1) ?? "")]];
}

function inWords(value: unknown, key: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" && key.endsWith("Ms")) return formatDuration(value);
  return Array.isArray(value) ? `[${value.map(String).join(", ")}]` : JSON.stringify(value);
}
