/** What performing any order takes of the host: root's leave, and the repositories that the host itself knows. */
import { openRestic, type Repositories, type Restic } from "@shipkeeper/restic";
import { RestoreRefused } from "./restore/refused.ts";
import { stopFilePresent, type GuardrailsState } from "./steward/guardrails-file.ts";

export interface OrderSurroundings {
  readonly repositories: Repositories;
  readonly cacheDir: string;
  readonly guardrails: () => GuardrailsState;
}

/** The guardrails in force. Throws `RestoreRefused` where they cannot be read, or root's stop file is there. */
export function leaveToBegin({ guardrails }: Pick<OrderSurroundings, "guardrails">) {
  const now = guardrails();
  if (now.state === "broken") throw new RestoreRefused(`the guardrails cannot be read: ${now.problem}`);
  if (stopFilePresent(now.guardrails.stopFile))
    throw new RestoreRefused(`${now.guardrails.stopFile} is there: nothing is begun on this host`);
  return now.guardrails;
}

/** restic with that repository, or with all. Throws `RestoreRefused` that says what root has to add. */
export async function openOrdered(
  { repositories, cacheDir }: OrderSurroundings,
  only: string | undefined,
): Promise<Restic> {
  const chosen = Object.entries(repositories).filter(([name]) => only === undefined || name === only);
  if (chosen.length === 0) {
    throw new RestoreRefused(
      `this host knows no repository ${only ?? "at all"}: add \`repositories: { ${only ?? "NAME"}: { url: …, passwordFile: … } }\` ` +
        "to its agent.yaml and start its agent anew",
    );
  }
  const restic = await openRestic({ repositories: Object.fromEntries(chosen), cacheDir });
  if (restic === undefined) throw new RestoreRefused("there is no restic on this host; install it first");
  return restic;
}
