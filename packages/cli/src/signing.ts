/** What signing a bundle takes: a key that never leaves the operator, a revision, an end, and the keys trusted from then on. */
import { existsSync } from "node:fs";
import { policyBundleSchema, ringsOfBundle, type BundleTerms } from "@shipkeeper/policy";
import {
  apiPolicyDetailSchema,
  policyPushReplySchema,
  type PolicyPushReply,
  type SignedBundle,
} from "@shipkeeper/protocol";
import { keyFingerprint, readKeyFile, type SigningKey } from "@shipkeeper/runtime";
import { Option, type Command } from "commander";
import { CollectorRefused, type Api } from "./api.ts";
import { readContext } from "./context.ts";
import { PolicyGateClosed, WrongUsage } from "./exit-codes.ts";
import { newestPolicy } from "./policy-revisions.ts";
import type { Surroundings } from "./surroundings.ts";
import { duration, wholeNumber } from "./values.ts";

/** Long enough for a holiday, short enough that a forgotten fleet stops changing things by itself. */
const DEFAULT_VALIDITY = "90d";

export interface SignOptions {
  readonly key?: string;
  readonly revision?: number;
  readonly expires: number;
  readonly atOnce?: boolean;
  readonly keys?: readonly string[] | undefined;
}

export function signingOptions(command: Command): Command {
  return command
    .option("--key <file>", "the key to sign with (default: the context's policyKey)")
    .option(
      "--revision <number>",
      "of the bundle (default: the collector's newest + 1; for sign: 1)",
      wholeNumber,
    )
    .addOption(
      new Option("--expires <duration>", "from then on hosts only observe")
        .argParser(duration)
        .default(duration(DEFAULT_VALIDITY), DEFAULT_VALIDITY),
    )
    .option(
      "--keys <keys...>",
      "from then on these keys may sign, and no others: fingerprints or key files (default: as before)",
    );
}

/** Throws `WrongUsage` where no key is named, `KeyNotUsable` where it is none. */
export function signingKey(surroundings: Surroundings, { key }: Pick<SignOptions, "key">): SigningKey {
  const file = key ?? readContext(surroundings).policyKey;
  if (file === undefined)
    throw new WrongUsage("name the key to sign with: --key FILE, or policyKey: in the context file");
  return readKeyFile(file);
}

/** The terms of a bundle that no collector is asked about. */
export function termsAlone({ now }: Surroundings, key: SigningKey, options: SignOptions): BundleTerms {
  const issuedAt = now();
  const { revision = 1, expires, atOnce, keys } = options;
  return { revision, issuedAt, expiresAt: issuedAt + expires, atOnce, keys: keysAfter(keys, undefined, key) };
}

/** The terms of the collector's next revision. The keys of the last one go on, as hosts may have missed it. */
export async function nextTerms(
  api: Api,
  surroundings: Surroundings,
  key: SigningKey,
  options: SignOptions,
): Promise<BundleTerms> {
  const newest = await newestPolicy(api);
  const { revision = (newest?.revision ?? 0) + 1, keys } = options;
  const terms = termsAlone(surroundings, key, { ...options, revision, keys: undefined });
  return { ...terms, keys: keysAfter(keys, newest?.keys, key) };
}

function keysAfter(
  named: readonly string[] | undefined,
  before: readonly string[] | undefined,
  key: SigningKey,
): readonly string[] | undefined {
  const keys = named?.map(fingerprintOf) ?? before;
  const own = keyFingerprint(key.publicKey);
  if (keys?.includes(own) === false) {
    throw new WrongUsage(
      `the keys that may sign from then on must include the one that signs this bundle, ${own}: sign with another key, or add it to --keys`,
    );
  }
  return keys === undefined ? undefined : [...new Set(keys)];
}

/** Of a private key's file, or the fingerprint itself. */
function fingerprintOf(named: string): string {
  if (existsSync(named)) return keyFingerprint(readKeyFile(named).publicKey);
  if (/^[0-9a-f]{64}$/.test(named)) return named;
  throw new WrongUsage(`${named} is neither a key file nor a fingerprint of 64 hex digits`);
}

/** Throws `PolicyGateClosed` where the collector refuses the bundle. */
export async function pushBundle(
  api: Api,
  bundle: SignedBundle,
  { out, err }: Surroundings,
): Promise<PolicyPushReply> {
  const reply = await post(api, bundle);
  out.write(whatHappens(bundle, reply.revision));
  if (isStaged(bundle)) err.write(await emptyRings(api, reply.revision));
  if (reply.keyTrustedByThisPush) {
    err.write(`from now on the collector takes policies only from key ${reply.keyFingerprint}\n`);
  }
  return reply;
}

async function post(api: Api, bundle: SignedBundle): Promise<PolicyPushReply> {
  try {
    return await api.post("policies", bundle, policyPushReplySchema);
  } catch (error) {
    if (!(error instanceof CollectorRefused) || error.status >= 500) throw error;
    throw new PolicyGateClosed(error.problems.length > 0 ? error.problems : [error.message]);
  }
}

const ringsOf = ({ payload }: SignedBundle) => ringsOfBundle(policyBundleSchema.parse(JSON.parse(payload)));
const isStaged = (bundle: SignedBundle): boolean => ringsOf(bundle).length > 1;

function whatHappens(bundle: SignedBundle, revision: number): string {
  if (!isStaged(bundle)) return `revision ${revision} is in force as soon as the hosts fetch it\n`;
  const [first] = ringsOf(bundle);
  return `revision ${revision} goes to ring ${first?.name ?? ""} first; \`shipkeeper policy status\` follows it\n`;
}

/** A share of a small fleet, or a label that nobody has: what such a ring was meant to find out, the next one does. */
async function emptyRings(api: Api, revision: number): Promise<string> {
  const { rollout } = await api.get(`policies/${revision}`, apiPolicyDetailSchema);
  return rollout.rings
    .slice(0, -1)
    .filter(({ hosts }) => hosts === 0)
    .map(({ name }) => `warning: no host is in ring ${name}: nothing is tried out there\n`)
    .join("");
}
