import { catalog, KINDS } from "../actions/catalog.ts";
import { guardrailsSchema } from "../guardrails.ts";
import { allKeys } from "./known-keys.ts";
import { policySourceSchema, ruleSourceSchema } from "./source.ts";

/** Every key that people may write, dotted, by the part of the language that it belongs to. */
export function languageKeys(): Readonly<Record<string, readonly string[]>> {
  return {
    policy: allKeys(policySourceSchema),
    rule: allKeys(ruleSourceSchema),
    ...Object.fromEntries(KINDS.map((kind) => [kind, allKeys(catalog[kind].spec)])),
    guardrails: allKeys(guardrailsSchema),
  };
}
