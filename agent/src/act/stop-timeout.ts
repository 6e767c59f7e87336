import { SECOND_MS } from "@shipkeeper/kit";
import { DEFAULT_STOP_SECONDS, type Container } from "@shipkeeper/model";
import type { Verdict } from "@shipkeeper/policy";

/** How long the plan gives a container to stop, where policy or label say so. */
export function plannedStopTimeout({ reason }: Pick<Verdict, "reason">): number | undefined {
  const planned: unknown = (reason as Readonly<Record<string, unknown>>)["stopTimeoutSeconds"];
  return typeof planned === "number" && Number.isSafeInteger(planned) && planned >= 0 ? planned : undefined;
}

/** The time that a container is given to end, in milliseconds: the plan's, its own, or the engine's. */
export function stopTimeoutOf(
  { stopTimeoutSeconds }: Pick<Container, "stopTimeoutSeconds">,
  planned?: number,
): number {
  return (planned ?? stopTimeoutSeconds ?? DEFAULT_STOP_SECONDS) * SECOND_MS;
}
