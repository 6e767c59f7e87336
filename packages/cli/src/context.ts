/** Which collector to talk to, and as whom: the context file, overridden by `SHIPKEEPER_*` variables. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "@shipkeeper/runtime";
import * as z from "zod";
import { WrongUsage } from "./exit-codes.ts";
import type { Surroundings } from "./surroundings.ts";

export const contextSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: "expected the collector's address, http://… or https://…" })
    .optional(),
  token: z.string().min(1).optional(),
  /** The file of the key that signs policies. */
  policyKey: z.string().min(1).optional(),
});
export type Context = z.infer<typeof contextSchema>;

export function contextFile({ environment, homeFolder }: Surroundings): string {
  const configFolder = environment["XDG_CONFIG_HOME"] ?? join(homeFolder, ".config");
  return environment["SHIPKEEPER_CONTEXT"] ?? join(configFolder, "shipkeeper", "context.yaml");
}

/** Throws `ConfigProblem` where the file or a variable cannot be used. No file is fine: variables may say it all. */
export function readContext(surroundings: Surroundings): Context {
  const file = contextFile(surroundings);
  const named = surroundings.environment["SHIPKEEPER_CONTEXT"] !== undefined;
  return loadConfig({
    file: named || existsSync(file) ? file : undefined,
    environment: surroundings.environment,
    schema: contextSchema,
    keys: Object.keys(contextSchema.shape),
  });
}

/** The context with an address and a token in it, or a sentence about how to say what is missing. */
export function requireAccess(surroundings: Surroundings): { url: URL; token: string } {
  const { url, token } = readContext(surroundings);
  const file = contextFile(surroundings);
  if (url === undefined) {
    throw new WrongUsage(`no collector is named: set SHIPKEEPER_URL, or url: in ${file}`);
  }
  if (token === undefined)
    throw new WrongUsage(`no token is given: set SHIPKEEPER_TOKEN, or token: in ${file}`);
  return { url: new URL(url), token };
}
