/** The agent's configuration: one YAML file, overridden by `SHIPKEEPER_*` variables and two flags. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidInput, errorChain, parseDuration } from "@shipkeeper/kit";
import { engineAddressFrom, parseEngineAddress } from "@shipkeeper/docker";
import { hostLabelsSchema } from "@shipkeeper/model";
import { parseEnrollmentToken, type EnrollmentToken } from "@shipkeeper/protocol";
import { ConfigProblem, loadConfig } from "@shipkeeper/runtime";
import { repositorySchema } from "@shipkeeper/restic";
import * as z from "zod";

const durationBetween = (leastMs: number, mostMs: number, example: string) =>
  z.string({ error: `expected a duration such as ${example}` }).transform((text, context) => {
    const parsed = parseDuration(text);
    if (parsed !== undefined && parsed >= leastMs && parsed <= mostMs) return parsed;
    const message = `expected a duration such as ${example}, from ${leastMs / 1_000}s to ${mostMs / 1_000}s`;
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  });

const absolutePath = z.string().startsWith("/", "expected an absolute path");

const address = z.string().transform((text, context) => {
  try {
    return parseEngineAddress(text);
  } catch (error) {
    const message = error instanceof InvalidInput ? error.problems.join("; ") : errorChain(error);
    context.issues.push({ code: "custom", message, input: text });
    return z.NEVER;
  }
});

const collectorUrl = z
  .url({ protocol: /^https?$/, error: "expected an address such as https://collector.example:8080" })
  .transform((text) => new URL(text));

const REGISTRY = "expected an address such as https://registry.acme.example:5000, without a path";
const registrySchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: REGISTRY })
      .transform((text) => new URL(text))
      .refine(
        ({ pathname, search, username }) => pathname === "/" && search === "" && username === "",
        REGISTRY,
      ),
    username: z.string().min(1).optional(),
    passwordFile: absolutePath.optional(),
    /** PEM; for a registry whose certificate the system does not trust. */
    caFile: absolutePath.optional(),
  })
  .refine(({ username, passwordFile }) => (username === undefined) === (passwordFile === undefined), {
    message: "`username` and `passwordFile` belong together",
  });

const placeName = (example: string) =>
  z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, `expected a name such as ${example}`);

const configSchema = z.strictObject({
  collector: collectorUrl,
  enrollmentToken: z.string().optional(),
  enrollmentTokenFile: absolutePath.optional(),
  stateDir: absolutePath.default("/var/lib/shipkeeper-agent"),
  docker: address.optional(),
  labels: hostLabelsSchema.default({}),
  guardrails: absolutePath.default("/etc/shipkeeper/guardrails.yaml"),
  sampleInterval: durationBetween(1_000, 600_000, "10s").prefault("10s"),
  resyncInterval: durationBetween(1_000, 3_600_000, "5m").prefault("5m"),
  repositories: z.record(placeName("offsite"), repositorySchema).default({}),
  /** Public halves of the recovery keys that open what looks secret in the host's configuration. */
  recoveryKeys: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, "expected the public half of a recovery key: 64 hex digits"))
    .default([]),
  /** Holds a recovery key while an order to recover needs one. */
  recoveryKeyFile: absolutePath.optional(),
  registries: z.record(placeName("main"), registrySchema).default({}),
});

const KEYS = [
  "collector",
  "enrollmentToken",
  "enrollmentTokenFile",
  "stateDir",
  "docker",
  "labels",
  "guardrails",
  "sampleInterval",
  "resyncInterval",
  "repositories",
  "recoveryKeys",
  "recoveryKeyFile",
  "registries",
];

type Parsed = z.output<typeof configSchema>;

export interface AgentConfig extends Omit<
  Parsed,
  "enrollmentToken" | "enrollmentTokenFile" | "sampleInterval" | "resyncInterval" | "docker"
> {
  readonly docker: ReturnType<typeof parseEngineAddress>;
  /** Undefined on a host that is enrolled already, or never will be. */
  readonly token: EnrollmentToken | undefined;
  readonly sampleIntervalMs: number;
  readonly resyncIntervalMs: number;
}

export interface ConfigInput {
  /** Undefined: variables, flags and defaults only. */
  readonly file: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags?: { readonly collector?: string | undefined; readonly token?: string | undefined };
}

/** Throws `ConfigProblem`: one sentence for each mistake. */
export function readAgentConfig({ file, environment, flags = {} }: ConfigInput): AgentConfig {
  const overridden = {
    ...environment,
    ...(flags.collector === undefined ? {} : { SHIPKEEPER_COLLECTOR: flags.collector }),
  };
  const parsed = loadConfig({ file, environment: overridden, schema: configSchema, keys: KEYS });
  const { enrollmentToken, enrollmentTokenFile, sampleInterval, resyncInterval, docker, ...rest } = parsed;
  return {
    ...rest,
    docker: docker ?? engineAddressFrom(environment),
    token: readToken(flags.token ?? enrollmentToken, enrollmentTokenFile ?? credential(environment)),
    sampleIntervalMs: sampleInterval,
    resyncIntervalMs: resyncInterval,
  };
}

/** What systemd hands over by `LoadCredential=enrollment-token:…`. */
function credential(environment: ConfigInput["environment"]): string | undefined {
  const folder = environment["CREDENTIALS_DIRECTORY"];
  const file = folder === undefined ? undefined : join(folder, "enrollment-token");
  return file !== undefined && existsSync(file) ? file : undefined;
}

function readToken(text: string | undefined, file: string | undefined): EnrollmentToken | undefined {
  const read = text ?? (file === undefined ? undefined : readTokenFile(file));
  if (read === undefined) return undefined;
  const token = parseEnrollmentToken(read);
  if (token !== undefined) return token;
  // Never the text itself: it may be half of a secret.
  const where = text === undefined ? file : "enrollmentToken";
  throw new ConfigProblem([`${where}: not an enrolment token, which looks like ske_ID_SECRET_POLICYKEY`]);
}

/** A file that is gone is no mistake: a token works once, and tidy people remove it afterwards. */
function readTokenFile(file: string): string | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new ConfigProblem([`cannot read the enrolment token in ${file}: ${errorChain(error)}`]);
  }
}
