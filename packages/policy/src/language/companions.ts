import { assert } from "@shipkeeper/kit";
import * as z from "zod";
import type { ActionKind } from "../actions/action.ts";
import { actionKind } from "../actions/catalog.ts";
import type { Rule } from "./policy.ts";

/**
 * The rules that come along with a compiled one, in its mode and its windows, named after it: `databases/verify`. No
 * person can write such a name.
 */
export function companionsOf(
  rule: Rule,
  kindOf: (kind: string) => ActionKind | undefined = actionKind,
): Rule[] {
  const kind = kindOf(rule.kind);
  if (kind?.companions === undefined) return [];
  return kind.companions(kind.spec.parse(rule.spec), rule.name).map(({ kind: name, spec }) => {
    const companion = kindOf(name);
    assert(companion !== undefined, `${rule.kind} brings along a kind that exists, not ${name}`);
    const schedule = companion.schedule?.(spec);
    return {
      kind: name,
      name: `${rule.name}/${name}`,
      mode: rule.mode,
      ...(schedule !== undefined && { schedule }),
      ...(rule.windows !== undefined && { windows: rule.windows }),
      spec: z.encode(companion.spec, spec),
    };
  });
}
