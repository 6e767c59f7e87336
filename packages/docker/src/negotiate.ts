import * as z from "zod";
import { type EngineAddress, formatEngineAddress } from "./engine-address.ts";
import { EngineAnswerInvalid, EngineUnsupported } from "./engine-errors.ts";
import { type EngineWire, openWire } from "./engine-wire.ts";

/** The newest API that our schemas were written against, and the oldest: Docker 20.10 knows the one-shot and cgroup fields. */
const OUR_NEWEST: ApiVersion = [1, 55];
const OUR_OLDEST: ApiVersion = [1, 41];

const DEADLINE_MS = 10_000;

type ApiVersion = readonly [major: number, minor: number];

const versionAnswerSchema = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().default("1.0"),
});

export interface Negotiated {
  readonly wire: EngineWire;
  /** `1.41`: what both sides speak. */
  readonly apiVersion: string;
  readonly engineVersion: string;
}

/**
 * Agrees on an API version. No constant fits: Debian 12's engine ends at 1.41, Docker 29.0 begins at 1.44.
 * Throws `EngineUnsupported` where the ranges do not meet, and whatever a call throws.
 */
export async function negotiate(address: EngineAddress, signal?: AbortSignal): Promise<Negotiated> {
  const attempt = "tell its version";
  const answer = await openWire(address, undefined).call({
    attempt,
    path: "/version",
    deadlineMs: DEADLINE_MS,
    signal,
  });
  const parsed = versionAnswerSchema.safeParse(answer.body);
  if (!parsed.success) throw new EngineAnswerInvalid(attempt, z.prettifyError(parsed.error));

  const { Version: engineVersion, ApiVersion: newest, MinAPIVersion: oldest } = parsed.data;
  const apiVersion = agreedVersion({ oldest, newest });
  if (apiVersion === undefined) {
    throw new EngineUnsupported(
      formatEngineAddress(address),
      `Docker ${engineVersion} speaks API ${oldest} to ${newest}, Shipkeeper ${OUR_OLDEST.join(".")} to ${OUR_NEWEST.join(".")}`,
    );
  }
  return { wire: openWire(address, apiVersion), apiVersion, engineVersion };
}

/** The newest version in both ranges, or undefined where there is none. */
export function agreedVersion(theirs: { oldest: string; newest: string }): string | undefined {
  const newest = parseVersion(theirs.newest);
  const oldest = parseVersion(theirs.oldest);
  if (newest === undefined || oldest === undefined) return undefined;
  const agreed = isBelow(newest, OUR_NEWEST) ? newest : OUR_NEWEST;
  return isBelow(agreed, OUR_OLDEST) || isBelow(agreed, oldest) ? undefined : agreed.join(".");
}

/** Whether the agreed version is `wanted` or newer: `speaks("1.41", "1.42")` is false. */
export function speaks(apiVersion: string, wanted: `1.${number}`): boolean {
  const [agreed, needed] = [parseVersion(apiVersion), parseVersion(wanted)];
  return agreed !== undefined && needed !== undefined && !isBelow(agreed, needed);
}

function parseVersion(text: string): ApiVersion | undefined {
  const match = /^(\d+)\.(\d+)$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2])];
}

function isBelow(a: ApiVersion, b: ApiVersion): boolean {
  return a[0] < b[0] || (a[0] === b[0] && a[1] < b[1]);
}
