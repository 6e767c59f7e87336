import { writeFileSync } from "node:fs";
import { printable } from "@shipkeeper/kit";
import {
  policyBundleSchema,
  ringsOfBundle,
  type BundleTerms,
  type LateProblem,
  type ParsedPolicies,
} from "@shipkeeper/policy";
import {
  apiHostSchema,
  apiPolicyDetailSchema,
  policyPushReplySchema,
  type ApiPolicyDetail,
  type SignedBundle,
} from "@shipkeeper/protocol";
import { keyFingerprint, readKeyFile, type SigningKey } from "@shipkeeper/runtime";
import type { Command } from "commander";
import { CollectorRefused, connectApi, type Api } from "../api.ts";
import { readContext } from "../context.ts";
import { PolicyGateClosed, WrongUsage } from "../exit-codes.ts";
import { printJson } from "../list-command.ts";
import { printTable } from "../output/table.ts";
import { time } from "../output/words.ts";
import { fleetProblems, loadPolicies, readBundleFile, signPolicies } from "../policy-files.ts";
import { newestRevision } from "../policy-revisions.ts";
import type { Surroundings } from "../surroundings.ts";
import { duration, wholeNumber } from "../values.ts";
import { addPreviewCommand } from "./policy-preview.ts";
import { addRolloutCommands } from "./policy-rollout.ts";

/** Long enough for a holiday, short enough that a forgotten fleet stops changing things by itself. */
const DEFAULT_VALIDITY = "90d";

interface SignOptions {
  readonly key?: string;
  readonly revision?: number;
  readonly expires: number;
  readonly atOnce?: true;
}

interface PushOptions extends SignOptions {
  readonly allowEmpty?: boolean;
}

export function addPolicyCommands(program: Command, surroundings: Surroundings): void {
  const policy = program.command("policy").description("check, sign and push what the fleet shall do");
  const { out, err, now } = surroundings;

  policy
    .command("check")
    .description("tell every mistake with file:line:column; exit 3 where there is one")
    .argument("<paths...>", "policy files, or folders of them")
    .option("--fleet", "ask the collector, too, whether every policy selects a host")
    .action(async (paths: string[], { fleet }: { fleet?: boolean }) => {
      const parsed = loadPolicies(paths, { now: now() });
      if (fleet === true) await requireHosts(connectApi(surroundings), parsed);
      const { policies } = parsed;
      const rules = policies.reduce((sum, { rules }) => sum + rules.length, 0);
      out.write(
        `${policies.length} ${policies.length === 1 ? "policy" : "policies"}, ${rules} rules, no mistake\n`,
      );
    });

  addPreviewCommand(policy, surroundings);

  signingOptions(policy.command("sign"))
    .description("check policies and write them as one signed bundle")
    .argument("<paths...>", "policy files, or folders of them")
    .requiredOption("-o, --output <file>", "write the bundle here")
    .action((paths: string[], options: SignOptions & { output: string }) => {
      const revision = options.revision ?? 1;
      const { policies } = loadPolicies(paths, { now: now() });
      const bundle = signPolicies(policies, terms(revision, options), signingKey(options));
      writeFileSync(options.output, `${JSON.stringify(bundle)}\n`);
      out.write(`${options.output}: revision ${revision}, signed with ${keyFingerprint(bundle.publicKey)}\n`);
    });

  signingOptions(policy.command("push"))
    .description("give policies to the collector: check and sign a folder, or take a signed bundle.json")
    .argument("[paths...]", "policy files, folders, or one bundle.json", ["policies"])
    .option("--allow-empty", "also where a policy selects none of the fleet's hosts")
    .action(async (paths: string[], options: PushOptions) => {
      const api = connectApi(surroundings);
      const [first = ""] = paths;
      const bundle =
        paths.length === 1 && first.endsWith(".json")
          ? await knownBundle(api, first, options)
          : await signNext(api, paths, options);
      const reply = await push(api, bundle);
      out.write(whatHappens(bundle, reply.revision));
      if (reply.keyTrustedByThisPush) {
        err.write(`from now on the collector takes policies only from key ${reply.keyFingerprint}\n`);
      }
    });

  policy
    .command("show")
    .description("the policies of the newest revision, or of another one")
    .option("--revision <number>", "this one", wholeNumber)
    .option("--json", "print JSON")
    .action(async ({ revision, json }: { revision?: number; json?: boolean }) => {
      const api = connectApi(surroundings);
      const shown = revision ?? (await newestRevision(api));
      if (shown === 0) return out.write("no policy was pushed yet\n");
      const detail = await api.get(`policies/${shown}`, apiPolicyDetailSchema);
      return json === true ? printJson(surroundings, detail) : printPolicies(surroundings, detail);
    });

  addRolloutCommands(policy, surroundings);

  const terms = (revision: number, { expires, atOnce }: SignOptions): BundleTerms => {
    const issuedAt = now();
    return { revision, issuedAt, expiresAt: issuedAt + expires, atOnce };
  };

  const signingKey = ({ key }: SignOptions): SigningKey => {
    const file = key ?? readContext(surroundings).policyKey;
    if (file === undefined)
      throw new WrongUsage("name the key to sign with: --key FILE, or policyKey: in the context file");
    return readKeyFile(file);
  };

  const signNext = async (api: Api, paths: readonly string[], options: PushOptions) => {
    const parsed = loadPolicies(paths, { now: now() }); // before the collector is asked: mistakes need no network
    const key = signingKey(options);
    if (options.allowEmpty !== true) await requireHosts(api, parsed);
    const revision = options.revision ?? (await newestRevision(api)) + 1;
    return signPolicies(parsed.policies, terms(revision, options), key);
  };
}

/** Throws `PolicyGateClosed` where a policy selects no host of the fleet: a label may be misspelt. */
async function requireHosts(api: Api, parsed: Pick<ParsedPolicies, "policies" | "place">): Promise<void> {
  const problems = fleetProblems(parsed, await api.list("hosts", apiHostSchema));
  if (problems.length > 0) throw new PolicyGateClosed(problems);
}

/** A bundle that was signed before. Its files are elsewhere, so that problems only name the policy. */
async function knownBundle(api: Api, file: string, { allowEmpty }: PushOptions): Promise<SignedBundle> {
  const bundle = readBundleFile(file);
  if (allowEmpty !== true) {
    const { policies } = policyBundleSchema.parse(JSON.parse(bundle.payload));
    const place = ({ policy, message }: LateProblem) => ({
      file,
      line: 1,
      column: 1,
      message: `${policy}: ${message}`,
    });
    await requireHosts(api, { policies, place });
  }
  return bundle;
}

function signingOptions(command: Command): Command {
  return command
    .option("--key <file>", "the key to sign with (default: the context's policyKey)")
    .option(
      "--revision <number>",
      "of the bundle (default: the collector's newest + 1; for sign: 1)",
      wholeNumber,
    )
    .option("--at-once", "every host gets it at once, whatever the rollouts of the policies say")
    .option("--expires <duration>", "from then on hosts only observe", duration, duration(DEFAULT_VALIDITY));
}

function whatHappens({ payload }: SignedBundle, revision: number): string {
  const [first, second] = ringsOfBundle(policyBundleSchema.parse(JSON.parse(payload)));
  if (second === undefined) return `revision ${revision} is in force as soon as the hosts fetch it\n`;
  return `revision ${revision} goes to ring ${first?.name ?? ""} first; \`shipkeeper policy status\` follows it\n`;
}

async function push(api: Api, bundle: SignedBundle) {
  try {
    return await api.post("policies", bundle, policyPushReplySchema);
  } catch (error) {
    if (!(error instanceof CollectorRefused) || error.status >= 500) throw error;
    throw new PolicyGateClosed(error.problems.length > 0 ? error.problems : [error.message]);
  }
}

function printPolicies(
  { out }: Surroundings,
  { revision, current, bundle, ...pushed }: ApiPolicyDetail,
): void {
  out.write(`revision ${revision}${current ? ", in force" : ""}, signed with ${pushed.keyFingerprint}\n`);
  out.write(
    `pushed ${time(pushed.pushedAt)} by ${printable(pushed.pushedBy)}, expires ${time(bundle.expiresAt)}\n\n`,
  );
  const rules = bundle.policies.flatMap((policy) => policy.rules.map((rule) => ({ policy, rule })));
  printTable(
    out,
    [
      { head: "policy", cell: ({ policy }) => policy.name },
      {
        head: "hosts",
        cell: ({ policy }) =>
          Object.entries(policy.hosts)
            .map((pair) => pair.join("="))
            .join(" "),
      },
      { head: "rule", cell: ({ rule }) => `${rule.kind} ${rule.name}` },
      {
        head: "mode",
        cell: ({ rule }) => rule.mode,
        tone: ({ rule }) => (rule.mode === "enforce" ? "good" : "quiet"),
      },
      { head: "when", cell: ({ rule }) => scheduleInWords(rule.schedule) },
    ],
    rules,
  );
}

type Schedule = ApiPolicyDetail["bundle"]["policies"][number]["rules"][number]["schedule"];

function scheduleInWords(schedule: Schedule): string {
  if (schedule === undefined) return "whenever it is needed";
  return "cron" in schedule ? `${schedule.cron} ${schedule.timezone}` : `every ${schedule.everyMs / 1_000} s`;
}
