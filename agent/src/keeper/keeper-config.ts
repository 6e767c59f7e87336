/** What the keeper is told: which repositories, on which terms, and whom to ask what is proven. */
import { keepOfRepositorySchema, type KeepOfRepository } from "@shipkeeper/policy";
import { repositorySchema, type Repositories } from "@shipkeeper/restic";
import { loadConfig } from "@shipkeeper/runtime";
import * as z from "zod";

const absolutePath = z.string().startsWith("/", "expected an absolute path");

const keeperSchema = z
  .strictObject({
    /** By the names that the hosts give them. */
    repositories: z.record(z.string(), repositorySchema),
    keep: keepOfRepositorySchema,
    collector: z.url({ protocol: /^https?$/ }).optional(),
    /** Holds a token with the right to read. */
    tokenFile: absolutePath.optional(),
    cacheDir: absolutePath.default("/var/cache/shipkeeper-keeper"),
  })
  .refine(({ collector, tokenFile }) => (collector === undefined) === (tokenFile === undefined), {
    message: "`collector` and `tokenFile` belong together",
  });

const KEYS = ["repositories", "keep", "collector", "tokenFile", "cacheDir"];

export interface KeeperConfig {
  readonly repositories: Repositories;
  readonly keep: KeepOfRepository;
  readonly collector?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly cacheDir: string;
}

/** Throws `ConfigProblem`. */
export function readKeeperConfig(file: string): KeeperConfig {
  return loadConfig({ file, environment: {}, schema: keeperSchema, keys: KEYS });
}
