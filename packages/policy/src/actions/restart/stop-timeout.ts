import { HOUR_MS, parseDuration, SECOND_MS } from "@shipkeeper/kit";
import { DEFAULT_STOP_SECONDS, type Container } from "@shipkeeper/model";
import type { RestartSpec } from "./spec.ts";

const LABEL = "shipkeeper.stop-timeout";
const MOST_MS = HOUR_MS;

/** How long a container may take to stop, in seconds: its label, then the rule, then its own configuration. */
export function stopTimeoutSeconds(
  { labels, stopTimeoutSeconds }: Pick<Container, "labels" | "stopTimeoutSeconds">,
  { stopTimeout }: Pick<RestartSpec, "stopTimeout">,
): number {
  const ms = labelled(labels[LABEL]) ?? stopTimeout;
  return ms === undefined
    ? (stopTimeoutSeconds ?? DEFAULT_STOP_SECONDS)
    : Math.ceil(Math.min(ms, MOST_MS) / SECOND_MS);
}

/** `30` and `30s`; what is neither says nothing. */
function labelled(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,6}$/.test(text) ? Number(text) * SECOND_MS : parseDuration(text);
}
