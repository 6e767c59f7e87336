/** Every compliance check, one line each. */
import { baseNotAllowed } from "./base-not-allowed.ts";
import { baseTooOld } from "./base-too-old.ts";
import type { Check } from "./check.ts";
import { containerTooOld } from "./container-too-old.ts";
import { healthCheckMissing } from "./health-check-missing.ts";
import { imageAgeUnknown } from "./image-age-unknown.ts";
import { imageTooOld } from "./image-too-old.ts";
import { labelMissing } from "./label-missing.ts";
import { limitsMissing } from "./limits-missing.ts";
import { logBurst } from "./log-burst.ts";
import { logRotationMissing } from "./log-rotation-missing.ts";
import { logTooLarge } from "./log-too-large.ts";
import { mutableTag } from "./mutable-tag.ts";
import { registryNotAllowed } from "./registry-not-allowed.ts";
import { restartPolicyMissing } from "./restart-policy-missing.ts";
import { runningImageGone } from "./running-image-gone.ts";
import { runningImageSuperseded } from "./running-image-superseded.ts";
import { runningImageTooOld } from "./running-image-too-old.ts";
import { sourceNotKnown } from "./source-not-known.ts";
import { rpoBroken } from "./rpo-broken.ts";
import { uncovered } from "./uncovered.ts";
import { hostUndrilled } from "./host-undrilled.ts";
import { undrilled } from "./undrilled.ts";
import { unverified } from "./unverified.ts";
import { unowned } from "./unowned.ts";
import { volumeNotBackedUp } from "./volume-not-backed-up.ts";

export const checks = {
  "image-too-old": imageTooOld,
  "image-age-unknown": imageAgeUnknown,
  "registry-not-allowed": registryNotAllowed,
  "base-not-allowed": baseNotAllowed,
  "base-too-old": baseTooOld,
  "label-missing": labelMissing,
  "source-not-known": sourceNotKnown,
  "running-image-too-old": runningImageTooOld,
  "running-image-gone": runningImageGone,
  "running-image-superseded": runningImageSuperseded,
  "mutable-tag": mutableTag,
  "container-too-old": containerTooOld,
  "health-check-missing": healthCheckMissing,
  "limits-missing": limitsMissing,
  "restart-policy-missing": restartPolicyMissing,
  "log-rotation-missing": logRotationMissing,
  "log-too-large": logTooLarge,
  "log-burst": logBurst,
  "volume-not-backed-up": volumeNotBackedUp,
  uncovered,
  "rpo-broken": rpoBroken,
  unverified,
  undrilled,
  "host-undrilled": hostUndrilled,
  unowned,
} as const;

export type CheckCode = keyof typeof checks;
/** What a policy says for the check, compiled. */
export type LimitOf<Code extends CheckCode> =
  (typeof checks)[Code] extends Check<infer Limit, infer _> ? Limit : never;

export const CHECK_CODES = Object.keys(checks) as readonly CheckCode[];

/** Undefined for a check that this version does not have, e.g. of a policy that a newer one compiled. */
export function complianceCheck(code: string): Check | undefined {
  return isCheckCode(code) ? checks[code] : undefined;
}

export function isCheckCode(code: string): code is CheckCode {
  return Object.hasOwn(checks, code);
}
