import { writeFileSync } from "node:fs";
import { printable } from "@shipkeeper/kit";
import {
  policyBundleSchema,
  policySchemaJson,
  type LateProblem,
  type ParsedPolicies,
} from "@shipkeeper/policy";
import {
  apiHostSchema,
  apiPolicyDetailSchema,
  type ApiPolicyDetail,
  type SignedBundle,
} from "@shipkeeper/protocol";
import { keyFingerprint } from "@shipkeeper/runtime";
import type { Command } from "commander";
import { connectApi, type Api } from "../api.ts";
import { PolicyGateClosed } from "../exit-codes.ts";
import { printJson } from "../list-command.ts";
import { printTable } from "../output/table.ts";
import { time } from "../output/words.ts";
import { fleetProblems, loadPolicies, readBundleFile, signPolicies } from "../policy-files.ts";
import { newestRevision } from "../policy-revisions.ts";
import {
  nextTerms,
  pushBundle,
  signingKey,
  signingOptions,
  termsAlone,
  type SignOptions,
} from "../signing.ts";
import type { Surroundings } from "../surroundings.ts";
import { wholeNumber } from "../values.ts";
import { addChangeCommands } from "./policy-changes.ts";
import { addPreviewCommand } from "./policy-preview.ts";
import { addRolloutCommands } from "./policy-rollout.ts";

const AT_ONCE = "every host gets it at once, whatever the rollouts of the policies say";

interface PushOptions extends SignOptions {
  readonly allowEmpty?: boolean;
}

export function addPolicyCommands(program: Command, surroundings: Surroundings): void {
  const policy = program.command("policy").description("check, sign and push what the fleet shall do");
  const { out, now } = surroundings;

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
        `${policies.length} ${policies.length === 1 ? "policy" : "policies"}, ${rules} ${rules === 1 ? "rule" : "rules"}, no mistake\n`,
      );
    });

  addPreviewCommand(policy, surroundings);

  policy
    .command("schema")
    .description("print the JSON Schema of policies, for editors")
    .action(() => printJson(surroundings, policySchemaJson()));

  signingOptions(policy.command("sign"))
    .option("--at-once", AT_ONCE)
    .description("check policies and write them as one signed bundle")
    .argument("<paths...>", "policy files, or folders of them")
    .requiredOption("-o, --output <file>", "write the bundle here (required)")
    .action((paths: string[], options: SignOptions & { output: string }) => {
      const { policies } = loadPolicies(paths, { now: now() });
      const key = signingKey(surroundings, options);
      const terms = termsAlone(surroundings, key, options);
      writeFileSync(options.output, `${JSON.stringify(signPolicies(policies, terms, key))}\n`);
      out.write(
        `${options.output}: revision ${terms.revision}, signed with ${keyFingerprint(key.publicKey)}\n`,
      );
    });

  signingOptions(policy.command("push"))
    .option("--at-once", AT_ONCE)
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
      await pushBundle(api, bundle, surroundings);
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

  addChangeCommands(policy, surroundings);
  addRolloutCommands(policy, surroundings);

  const signNext = async (api: Api, paths: readonly string[], options: PushOptions) => {
    const parsed = loadPolicies(paths, { now: now() }); // before the collector is asked: mistakes need no network
    const key = signingKey(surroundings, options);
    if (options.allowEmpty !== true) await requireHosts(api, parsed);
    return signPolicies(parsed.policies, await nextTerms(api, surroundings, key, options), key);
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
