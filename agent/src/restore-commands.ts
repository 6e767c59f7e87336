/** Restores as root orders them on the host. None needs a running agent or a collector: repository and password are enough. */
import { hostname } from "node:os";
import { join } from "node:path";
import { InvalidInput, formatInstant, parseInstant } from "@shipkeeper/kit";
import { connectEngine } from "@shipkeeper/docker";
import { volumeNameSchema } from "@shipkeeper/model";
import { datasetIdSchema } from "@shipkeeper/policy";
import { tagOf } from "@shipkeeper/restic";
import { ownContainers } from "./agent-self.ts";
import type { Command, Given } from "./commands.ts";
import type { AgentConfig } from "./config.ts";
import { readIdentity } from "./enrol/identity.ts";
import { openRepositories } from "./open-repositories.ts";
import type { WantedRestorePoint } from "./restore/find-restore-point.ts";
import { restoreInPlace, undoRestore } from "./restore/in-place.ts";
import { restoreInto, restoreToPath } from "./restore/restore.ts";
import { settleSwaps } from "./restore/swap.ts";
import { swapJournal } from "./restore/swap-journal.ts";
import { guardrailsFile } from "./steward/guardrails-file.ts";

const restorePoints: Command = {
  check: ({ args }) => (args.length === 0 ? undefined : `${args[0]} is not understood here`),
  async run(config, { repository, json, print, signal }) {
    const restic = await openRepositories(config, repository);
    for (const name of restic.repositoryNames) {
      const snapshots = await restic.snapshots(name, {}, signal);
      for (const { id, at, hostname: host, ...snapshot } of snapshots.toSorted((a, b) => b.at - a.at)) {
        const dataset = tagOf({ tags: snapshot.tags ?? [] }, "dataset") ?? "unknown";
        const line = `${id.slice(0, 12)}  ${formatInstant(at)}  ${dataset}  of host ${host}  in ${name}`;
        print(
          json === true
            ? JSON.stringify({ id, at: formatInstant(at), dataset, host, repository: name })
            : line,
        );
      }
    }
  },
};

const restore: Command = {
  check(given) {
    const { args, undo, dataset, at, into, to, inPlace, files } = given;
    const places = [into, to, inPlace].filter((place) => place !== undefined).length;
    if (undo !== undefined) {
      return args.length + places === 0 && dataset === undefined ? undefined : "--undo stands alone";
    }
    if (args.length > 1 || (args.length === 1) === (dataset !== undefined)) {
      return "restore takes one restore point, which restore-points lists, or --dataset";
    }
    if (dataset !== undefined && !datasetIdSchema.safeParse(dataset).success)
      return "--dataset needs one such as volume:shop-data";
    if (at !== undefined && (dataset === undefined || parseInstant(at) === undefined))
      return "--at needs --dataset, and a time such as 2030-01-31T02:00:00Z";
    if (places !== 1) return "restore needs one of --into NEW_VOLUME, --to PATH and --in-place";
    if (inPlace !== undefined && files !== undefined) return "--files goes with --into or --to";
    if (into !== undefined && !volumeNameSchema.safeParse(into).success) return `${into} is no volume's name`;
    return undefined;
  },

  async run(config, given) {
    const { repository, into, to, files, uncontained, signal } = given;
    const onProgress = printerOf(given);
    const engine = await connectEngine(config.docker, signal);
    const journal = swapJournal(join(config.stateDir, "restores"));
    const inPlace = {
      engine,
      journal,
      clock: Date.now,
      onProgress,
      guardrails: readGuardrails(config),
      hostId: readIdentity(config.stateDir)?.hostId ?? hostname(),
      self: ownContainers(),
    };
    await settleSwaps({ ...inPlace, tell: onProgress });
    if (given.undo !== undefined) {
      await undoRestore(given.undo, inPlace);
      return;
    }

    const restic = await openRepositories(config, repository);
    const what = { restic, restorePoint: wantedOf(given), files, onProgress, signal, uncontained };
    if (into !== undefined) await restoreInto({ ...what, engine, volume: into });
    else if (to !== undefined) await restoreToPath({ ...what, to });
    else await restoreInPlace({ ...what, ...inPlace });
  },
};

export const restoreCommands = { restore, "restore-points": restorePoints } satisfies Record<string, Command>;

function wantedOf({ args, dataset, at, host }: Given): WantedRestorePoint {
  const [restorePoint] = args;
  if (restorePoint !== undefined) return restorePoint;
  return { dataset: dataset ?? "", at: parseInstant(at), hostId: host };
}

function printerOf({ json, print }: Given & { readonly print: (line: string) => void }) {
  return json === true ? (progress: string) => print(JSON.stringify({ progress })) : print;
}

function readGuardrails({ guardrails: file }: AgentConfig) {
  const now = guardrailsFile(file)();
  if (now.state !== "broken") return now.guardrails;
  throw new InvalidInput(`the guardrails cannot be read, so nothing is restored: ${now.problem}`, []);
}
