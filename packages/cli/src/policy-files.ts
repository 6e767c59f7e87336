/** From files on disk to a signed bundle. Every mistake of every file is told before anything is signed. */
import { readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { OperationalError, formatInstant, type Instant } from "@shipkeeper/kit";
import {
  compileBundle,
  formatProblem,
  hostsProblems,
  lastReleaseAt,
  parsePolicy,
  type BundleTerms,
  type ParsedPolicies,
  type Policy,
  type PolicyFile,
} from "@shipkeeper/policy";
import { signedBundleSchema, type ApiHost, type SignedBundle } from "@shipkeeper/protocol";
import { sealBundle, type SigningKey } from "@shipkeeper/runtime";
import { PolicyGateClosed, WrongUsage } from "./exit-codes.ts";

export class FileNotReadable extends OperationalError {
  override readonly name = "FileNotReadable";
  readonly code = "file_not_readable";
  readonly retryable = false;
}

/** The policies of files and folders, and where each of them stands. Throws `PolicyGateClosed` with one line per mistake. */
export function loadPolicies(paths: readonly string[], { now }: { now: Instant }): ParsedPolicies {
  const parsed = parsePolicy(paths.flatMap(readPolicyFiles), { now });
  const { policies, problems } = parsed;
  if (problems.length > 0) throw new PolicyGateClosed(problems.map(formatProblem));
  if (policies.length === 0)
    throw new WrongUsage(`there is no policy file (*.yaml, *.yml) in ${paths.join(", ")}`);
  return parsed;
}

/** What the hosts of the fleet tell of policies, one line each: `production.yaml:2:10: hosts: selects no host: …`. */
export function fleetProblems(
  { policies, place }: Pick<ParsedPolicies, "policies" | "place">,
  hosts: readonly ApiHost[],
): string[] {
  const enrolled = hosts.filter(({ state }) => state !== "revoked");
  return hostsProblems(policies, enrolled).map((problem) => formatProblem(place(problem)));
}

/** Throws `WrongUsage` where the bundle would expire before the last ring of its rollout gets it. */
export function signPolicies(policies: readonly Policy[], terms: BundleTerms, key: SigningKey): SignedBundle {
  const bundle = compileBundle(policies, terms);
  if (lastReleaseAt(bundle) >= bundle.expiresAt) {
    throw new WrongUsage(
      `the bundle expires ${formatInstant(bundle.expiresAt)}, and its last ring may have it from ${formatInstant(lastReleaseAt(bundle))}: use a longer --expires`,
    );
  }
  return sealBundle(bundle, key);
}

export function readBundleFile(file: string): SignedBundle {
  try {
    return signedBundleSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    throw new FileNotReadable(`${file} is no signed bundle, as shipkeeper policy sign writes it`, { cause });
  }
}

function readPolicyFiles(path: string): PolicyFile[] {
  try {
    const files = statSync(path).isDirectory()
      ? readdirSync(path)
          .filter((name) => /\.ya?ml$/.test(name))
          .sort()
          .map((name) => join(path, name))
      : [path];
    return files.map((file) => ({ file, text: readFileSync(file, "utf8") }));
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT")
      throw new FileNotReadable(`there is no file or folder ${path} to read policies from`);
    throw new FileNotReadable(`cannot read the policies in ${path}`, { cause });
  }
}
