import * as z from "zod";
import { catalog, WRITTEN_KINDS } from "../actions/catalog.ts";
import { probeSpecSchema } from "../actions/restart/probe-spec.ts";
import { guardrailsSchema } from "../guardrails.ts";
import { ownHookSchema, readyHookSchema } from "../hook.ts";
import { complianceSource } from "./compliance-source.ts";
import { logsSourceSchema } from "./logs-source.ts";
import { windowSchema } from "../schedule/schedule-schemas.ts";
import { allKeys } from "./known-keys.ts";
import { policySourceSchema, ruleSourceSchema } from "./source.ts";

/** Every key that people may write, dotted, by the part of the language that it belongs to. */
export function languageKeys(): Readonly<Record<string, readonly string[]>> {
  const compliance = allKeys(z.object(complianceSource));
  const logs = allKeys(z.object({ logs: logsSourceSchema }));
  const elsewhere = new Set([...compliance, ...logs]);
  return {
    policy: [
      ...allKeys(policySourceSchema).filter((key) => !elsewhere.has(key) && isNoWindowKey(key)),
      "profile",
    ],
    compliance,
    logs,
    rule: allKeys(ruleSourceSchema).filter(isNoWindowKey),
    window: allKeys(windowSchema),
    ...Object.fromEntries(WRITTEN_KINDS.map((kind) => [kind, allKeys(catalog[kind].spec)])),
    probe: allKeys(probeSpecSchema),
    guardrails: allKeys(guardrailsSchema).filter(isNoWindowKey),
    hook: [...new Set([ownHookSchema, readyHookSchema].flatMap((schema) => allKeys(schema)))],
  };
}

/** Windows are the same wherever they stand, and are described once. */
function isNoWindowKey(key: string): boolean {
  return !key.startsWith("windows.");
}
