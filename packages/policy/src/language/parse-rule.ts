import * as z from "zod";
import { WRITTEN_KINDS, writtenKind } from "../actions/catalog.ts";
import type { Misfit } from "../actions/action.ts";
import { check, unknownKey } from "./describe-issue.ts";
import type { Mode, Rule, Schedule } from "./policy.ts";
import type { Problem } from "./problem.ts";
import { ruleSourceSchema, SHARED_RULE_KEYS, type RuleSource } from "./source.ts";
import { nameSchema } from "./values.ts";
import { isMapping, type Path, type YamlDocument } from "./yaml-document.ts";

/** What the head of the policy says for every rule that does not say it itself. */
export interface Inherited {
  readonly mode?: Mode | undefined;
  readonly windows?: Rule["windows"];
}

/** One entry of `rules`: the kind's key names it, shared keys say when and how, the rest belongs to the kind. */
export function parseRule(
  document: YamlDocument,
  { path, source, inherited }: { path: Path; source: unknown; inherited: Inherited },
): { rule?: Rule; problems: Problem[] } {
  if (!isMapping(source)) {
    return {
      problems: [document.problemAt(path, "expected a rule such as `prune: host-cache` with its keys")],
    };
  }
  const found = kindOf(document, path, source);
  if ("problem" in found) return { problems: [found.problem] };
  const { kind } = found;

  const { [kind.kind]: ownName, ...keys } = source;
  const { shared, own } = split(keys);
  const name = check(nameSchema, document, { path: [...path, kind.kind], value: ownName });
  const common = check(ruleSourceSchema, document, { path, value: shared });
  const spec = check(kind.spec, document, { path, value: own, alsoKnown: SHARED_RULE_KEYS });
  const problems = [...name.problems, ...common.problems, ...spec.problems];
  if (name.value === undefined || common.value === undefined || problems.length > 0) return { problems };

  const ownSchedule = scheduleOf(common.value);
  const schedule = ownSchedule ?? kind.schedule?.(spec.value);
  // Whoever names windows for all means the times of maintenance; what heals must not wait for them.
  const windows = common.value.windows ?? (kind.trigger === "scheduled" ? inherited.windows : undefined);
  const misfit =
    kind.misfit?.(spec.value, { schedule: ownSchedule, windows }) ?? scheduleMisfit(kind, schedule);
  if (misfit !== undefined) return { problems: [document.problemAt([...path, misfit.key], misfit.message)] };

  return {
    rule: {
      kind: kind.kind,
      name: name.value,
      mode: common.value.mode ?? inherited.mode ?? "observe",
      ...(schedule === undefined ? {} : { schedule }),
      ...(windows === undefined ? {} : { windows }),
      // Written out again in full: agents of another version may have other defaults.
      spec: z.encode(kind.spec, spec.value),
    },
    problems: [],
  };
}

type FoundKind = NonNullable<ReturnType<typeof writtenKind>>;

function kindOf(
  document: YamlDocument,
  path: Path,
  source: Record<string, unknown>,
): { kind: FoundKind } | { problem: Problem } {
  const named = Object.keys(source).flatMap((key) => writtenKind(key) ?? []);
  const [kind, second] = named;
  if (kind !== undefined && second === undefined) return { kind };
  if (kind !== undefined && second !== undefined) {
    const message = `one rule is of one kind, this one says ${kind.kind} and ${second.kind}`;
    return { problem: document.problemAtKey(path, second.kind, message) };
  }
  const [first] = Object.keys(source);
  const message = `a rule opens with its kind and name, such as \`prune: host-cache\``;
  return {
    problem:
      first === undefined
        ? document.problemAt(path, message)
        : document.problemAtKey(path, first, `${message}; ${unknownKey(first, WRITTEN_KINDS)}`),
  };
}

function split(keys: Record<string, unknown>): Record<"shared" | "own", Record<string, unknown>> {
  const isShared = ([key]: [string, unknown]) => SHARED_RULE_KEYS.includes(key);
  const entries = Object.entries(keys);
  return {
    shared: Object.fromEntries(entries.filter(isShared)),
    own: Object.fromEntries(entries.filter((entry) => !isShared(entry))),
  };
}

function scheduleOf({ schedule, timezone, every, catchUp, spread }: RuleSource): Schedule | undefined {
  if (every !== undefined) return { everyMs: every };
  if (schedule === undefined) return undefined;
  return {
    cron: schedule,
    timezone: timezone ?? "UTC",
    ...(catchUp === undefined || catchUp === "always"
      ? {}
      : { catchUpMs: catchUp === "never" ? 0 : catchUp }),
    ...(spread === undefined ? {} : { spreadMs: spread }),
  };
}

function scheduleMisfit({ kind, trigger }: FoundKind, schedule: Schedule | undefined): Misfit | undefined {
  if (trigger === "continuous") {
    const message = `${kind} acts whenever something changes and takes no schedule`;
    return schedule === undefined ? undefined : { key: kind, message };
  }
  const message = `${kind} needs \`schedule: "0 3 * * *"\` or \`every: 6h\``;
  return schedule === undefined ? { key: kind, message } : undefined;
}
