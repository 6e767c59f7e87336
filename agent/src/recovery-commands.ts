/** What rebuilds a host, and what tells how: by root on the host itself. */
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout } from "node:timers/promises";
import { InvalidInput, newestOfEach, parseInstant } from "@shipkeeper/kit";
import { connectEngine } from "@shipkeeper/docker";
import { labelsOfHost } from "@shipkeeper/model";
import { BUNDLE_FILES, type KnownRestorePoint } from "@shipkeeper/policy";
import { tagOf, type Restic } from "@shipkeeper/restic";
import type { Command } from "./commands.ts";
import { dumpMadeOf } from "./dump/make-dump.ts";
import { rebuildByHand } from "./rebuild-by-hand.ts";
import { readIdentity } from "./enrol/identity.ts";
import { collectBundle } from "./host-bundle/collect-bundle.ts";
import { hostFiles } from "./host-bundle/keep-bundle.ts";
import { openRepositories } from "./open-repositories.ts";
import { sealingKeys } from "./repositories/recovery-keys.ts";
import { explainReport } from "./recover/explain-report.ts";
import { RecoveryIncomplete, recover } from "./recover/recover.ts";
import { guardrailsFile } from "./steward/guardrails-file.ts";

const runbook: Command = {
  check: ({ args }) => (args.length === 0 ? undefined : `${args[0]} is not understood here`),
  async run(config, { repository, print, signal }) {
    const hostId = readIdentity(config.stateDir)?.hostId;
    if (hostId === undefined)
      throw new InvalidInput("this host is not enrolled: nothing of it is kept yet", []);
    const restic = await openRepositories(config, repository);
    const files = await collectBundle({
      engine: await connectEngine(config.docker, signal),
      hostId,
      labels: labelsOfHost({ hostname: hostname(), labels: config.labels }),
      restorePoints: await newestPoints(restic, hostId, signal),
      policy: undefined,
      hooks: guardrailsFile(config.guardrails)().guardrails.hooks,
      recoveryKeys: sealingKeys(config.stateDir, config.recoveryKeys),
      files: hostFiles(config.guardrails),
      now: Date.now(),
      signal,
    });
    print(files.get(BUNDLE_FILES.runbook) ?? "");
  },
};

const recoverHost: Command = {
  check({ args, from, host, at, drill, "dry-run": dryRun }) {
    if (args.length > 0) return `${args[0]} is not understood here`;
    if (drill === true && (at !== undefined || dryRun === true))
      return "--drill takes neither --at nor --dry-run: it tries what a recovery would come to now";
    if (from === undefined || host === undefined)
      return "recover needs --from REPOSITORY and --host ID_OR_NAME";
    return at !== undefined && parseInstant(at) === undefined
      ? "--at needs a time such as 2030-01-31T02:00:00Z"
      : undefined;
  },

  async run(config, given) {
    if (given.drill === true) return rebuildByHand(config, given);
    const {
      from = "",
      host = "",
      at,
      "dry-run": dryRun = false,
      json = false,
      uncontained,
      print,
      signal,
    } = given;
    const keyFile = given["recovery-key"];
    const report = await recover({
      wanted: { repository: from, host, at: parseInstant(at) },
      dryRun,
      recoveryKey: keyFile === undefined ? undefined : readFileSync(keyFile, "utf8"),
      stateDir: config.stateDir,
      engine: await connectEngine(config.docker, signal),
      restic: await openRepositories(config, from),
      uncontained,
      clock: Date.now,
      pause: (ms, options) => setTimeout(ms, undefined, options),
      onProgress: json ? (progress) => print(JSON.stringify({ progress })) : print,
      signal,
    });
    if (json) print(JSON.stringify({ report }));
    else explainReport(report).forEach(print);
    if (!report.complete && !dryRun) throw new RecoveryIncomplete("the host is not whole");
  },
};

export const recoveryCommands: Readonly<Record<string, Command>> = { runbook, recover: recoverHost };

/** The newest of each dataset in each repository, by the repositories' own word. */
async function newestPoints(
  restic: Restic,
  hostId: string,
  signal: AbortSignal,
): Promise<KnownRestorePoint[]> {
  const points: KnownRestorePoint[] = [];
  for (const repository of restic.repositoryNames) {
    for (const snapshot of await restic.snapshots(repository, { hostId }, signal)) {
      const { id, at } = snapshot;
      const dataset = tagOf(snapshot, "dataset");
      const dump = dumpMadeOf(snapshot);
      if (dataset !== undefined) points.push({ id, at, dataset, repository, ...(dump && { dump }) });
    }
  }
  return newestOfEach(points, ({ repository, dataset }) => `${repository} ${dataset}`);
}
