import { InvalidInput, OperationalError, errorChain, formatInstant } from "@shipkeeper/kit";
import { openRestic, ResticProblem } from "@shipkeeper/restic";
import { askCollector } from "./ask-collector.ts";
import { readKeeperConfig } from "./keeper-config.ts";
import { keepRepository, type KeeperSaid } from "./keep-repository.ts";

export interface KeeperRun {
  readonly file: string | undefined;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly print: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Something stayed that should have gone, and a person should look why. */
export class KeeperIncomplete extends OperationalError {
  override readonly name = "KeeperIncomplete";
  readonly code = "keeper_incomplete";
  readonly retryable = true;
}

/** One pass over every repository of the configuration. One that fails does not hold up the others. */
export async function runKeeper({ file, dryRun, json, print, signal }: KeeperRun): Promise<void> {
  if (file === undefined)
    throw new InvalidInput("keeper needs --config FILE, a configuration of its own", []);
  const { repositories, keep, collector, tokenFile, cacheDir } = readKeeperConfig(file);
  const restic = await openRestic({ repositories, cacheDir });
  if (restic === undefined)
    throw new ResticProblem("restic_failed", "there is no restic here; install it first");
  const ask =
    collector === undefined || tokenFile === undefined
      ? undefined
      : askCollector({ url: collector, tokenFile });
  const say = (text: string) => {
    if (!json) print(text);
  };
  if (ask === undefined) say("no collector to ask what is proven: the newest two of each dataset stay");

  const problems: string[] = [];
  for (const repository of Object.keys(repositories)) {
    try {
      const known = await ask?.(repository, signal);
      const tell = (said: KeeperSaid) => print(json ? JSON.stringify(said) : inWords(said, dryRun));
      const now = Date.now();
      const outcome = await keepRepository({ restic, repository, keep, known, now, dryRun, signal, tell });
      const { forgotten, kept, refused, failed } = outcome;
      const went = dryRun ? "would be forgotten" : "forgotten";
      say(
        `repository ${repository}: ${forgotten} ${went}, ${kept} kept, ${refused} refused, ${failed} failed`,
      );
      if (refused + failed > 0) problems.push(`${repository}: ${refused} refused, ${failed} failed`);
    } catch (error) {
      signal.throwIfAborted();
      problems.push(errorChain(error));
    }
  }
  if (problems.length > 0) throw new KeeperIncomplete(`not all is as it should be: ${problems.join("; ")}`);
}

function inWords(
  { hostId, dataset, restorePoint, at, decision, why, error }: KeeperSaid,
  dryRun: boolean,
): string {
  const done = decision === "forget" && dryRun ? "would forget" : decision;
  const failure = error === undefined ? "" : `; failed: ${error}`;
  return `${done}  ${restorePoint.slice(0, 8)}  ${hostId}  ${dataset}  ${formatInstant(at)}  ${why}${failure}`;
}
