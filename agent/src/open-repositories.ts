import { join } from "node:path";
import { InvalidInput, OperationalError } from "@shipkeeper/kit";
import { openRestic, type Restic } from "@shipkeeper/restic";
import type { AgentConfig } from "./config.ts";

export class ResticMissing extends OperationalError {
  override readonly name = "ResticMissing";
  readonly code = "restic_missing";
  readonly retryable = false;
}

/** restic with the one repository that was asked for, or with all that the configuration names. */
export async function openRepositories(
  { repositories, stateDir }: Pick<AgentConfig, "repositories" | "stateDir">,
  only: string | undefined,
): Promise<Restic> {
  const names = Object.keys(repositories);
  if (names.length === 0) throw new InvalidInput("the configuration names no repositories", []);
  if (only !== undefined && !names.includes(only)) {
    throw new InvalidInput(
      `no repository is called ${only}; the configuration names ${names.join(", ")}`,
      [],
    );
  }
  const chosen = Object.entries(repositories).filter(([name]) => only === undefined || name === only);
  const restic = await openRestic({
    repositories: Object.fromEntries(chosen),
    cacheDir: join(stateDir, "restic-cache"),
  });
  if (restic === undefined) throw new ResticMissing("there is no restic on this host; install it first");
  return restic;
}
