/** What changes from one policy to another, and the way back to an earlier one. */
import { printable } from "@shipkeeper/kit";
import { diffPolicies, formatChange, type Policy, type PolicyChange } from "@shipkeeper/policy";
import { apiPolicyDetailSchema, apiPolicyRevisionSchema, type ApiPolicyRevision } from "@shipkeeper/protocol";
import type { Command } from "commander";
import { connectApi, type Api } from "../api.ts";
import { ChangesFound, WrongUsage } from "../exit-codes.ts";
import { printJson } from "../list-command.ts";
import { loadPolicies, signPolicies } from "../policy-files.ts";
import { nextTerms, pushBundle, signingKey, signingOptions, type SignOptions } from "../signing.ts";
import type { Surroundings } from "../surroundings.ts";
import { wholeNumber } from "../values.ts";

interface RollbackOptions extends SignOptions {
  readonly to?: number;
  readonly staged?: true;
  readonly dryRun?: true;
}

export function addChangeCommands(policy: Command, surroundings: Surroundings): void {
  const { out, now } = surroundings;

  policy
    .command("diff")
    .description("what policies would change in the policy in force, one line each")
    .argument("[paths...]", "policy files, or folders of them", ["policies"])
    .option("--revision <number>", "compare with this one instead", wholeNumber)
    .option("--exit-code", "exit 1 where there are differences, as git diff does")
    .option("--json", "print JSON")
    .action(async (paths: string[], options: { revision?: number; exitCode?: true; json?: true }) => {
      const { policies } = loadPolicies(paths, { now: now() });
      const api = connectApi(surroundings);
      const changes = diffPolicies(await policiesOf(api, options.revision ?? "current"), asSigned(policies));
      if (options.json === true) printJson(surroundings, changes);
      else printChanges(surroundings, changes);
      if (options.exitCode === true && changes.length > 0) throw new ChangesFound(changes.length);
    });

  signingOptions(policy.command("rollback"))
    .description("sign the content of an earlier revision as the next one; every host gets it at once")
    .option("--to <revision>", "back to this one (default: the last that had reached all hosts)", wholeNumber)
    .option("--staged", "ring by ring, as its rollout says")
    .option("--dry-run", "only tell what would change")
    .action(async (options: RollbackOptions) => {
      const api = connectApi(surroundings);
      const revisions = await api.list("policies", apiPolicyRevisionSchema, { sort: "-revision" });
      const to = options.to ?? lastGood(revisions);
      const earlier = await policiesOf(api, to);
      const changes = diffPolicies(await policiesOf(api, revisions[0]?.revision ?? "current"), earlier);
      out.write(`back to the content of revision ${to}:\n`);
      printChanges(surroundings, changes);
      if (options.dryRun === true) return;

      const key = signingKey(surroundings, options);
      const terms = await nextTerms(api, surroundings, key, { ...options, atOnce: options.staged !== true });
      await pushBundle(api, signPolicies(earlier, terms, key), surroundings);
    });
}

/** The newest revision that went all the way, before the newest one. */
function lastGood([newest, ...earlier]: readonly ApiPolicyRevision[]): number {
  const good = earlier.find(({ rolloutState }) => rolloutState === "done");
  if (newest === undefined || good === undefined) {
    throw new WrongUsage("no earlier revision has reached all hosts; name one with --to");
  }
  return good.revision;
}

/** None where no policy is in force. */
async function policiesOf(api: Api, revision: number | "current"): Promise<Policy[]> {
  if (revision === "current") {
    const revisions = await api.list("policies", apiPolicyRevisionSchema, { sort: "-revision" });
    const current = revisions.find((each) => each.current);
    return current === undefined ? [] : policiesOf(api, current.revision);
  }
  return (await api.get(`policies/${revision}`, apiPolicyDetailSchema)).bundle.policies;
}

/** As a bundle would carry them: JSON has no undefined. */
function asSigned(policies: readonly Policy[]): Policy[] {
  return JSON.parse(JSON.stringify(policies)) as Policy[];
}

function printChanges({ out }: Surroundings, changes: readonly PolicyChange[]): void {
  out.write(changes.length === 0 ? "no difference\n" : "");
  for (const change of changes) out.write(`${printable(formatChange(change), MOST_LINE)}\n`);
}

const MOST_LINE = 400;
