/** Compliance as people write it: the keys in the head of a policy that checks are made of. */
import { suggest } from "@shipkeeper/kit";
import * as z from "zod";
import { CHECK_CODES, checks, isCheckCode, type CheckCode, type LimitOf } from "../compliance/catalog.ts";
import { severitySchema } from "../compliance/check.ts";
import type { CheckRule } from "../compliance/rule.ts";
import type { LogRule } from "../logs/log-rule.ts";
import type { Rule } from "./policy.ts";
import { exemptionSource } from "./exemption.ts";
import { durationSchema, selectingPatternsSchema, sizeSchema } from "./values.ts";

const text = z.string().min(1, "expected a text that is not empty");

const requirementSchema = z.enum(["healthcheck", "limits", "restart-policy", "log-rotation"]);

const ofBackupsSchema = z.enum(["coverage", "rpo", "verification", "drills"]);

const checkCodeSchema = z.string().check((context) => {
  if (isCheckCode(context.value)) return;
  context.issues.push({ code: "custom", message: unknownCheck(context.value), input: context.value });
});

/** The keys of a policy's head that compliance owns. */
export const complianceSource = {
  images: z
    .strictObject({
      maxAge: durationSchema.optional(),
      maxRunningAge: durationSchema.optional(),
      registries: selectingPatternsSchema.optional(),
      bases: selectingPatternsSchema.optional(),
      maxBaseAge: durationSchema.optional(),
      /** Label keys. */
      labels: z.array(text).min(1, "expected the key of at least one label").optional(),
      sources: selectingPatternsSchema.optional(),
      /** Patterns of tags that no container may be asked for by. */
      forbidTags: selectingPatternsSchema.optional(),
    })
    .prefault({}),
  containers: z
    .strictObject({
      maxAge: durationSchema.optional(),
      require: z.array(requirementSchema).default([]),
      current: z.boolean().default(false),
      maxLogSize: sizeSchema.optional(),
    })
    .prefault({}),
  volumes: z.strictObject({ backup: durationSchema.optional() }).prefault({}),
  backups: z.strictObject({ require: z.array(ofBackupsSchema).optional() }).prefault({}),
  unowned: z.boolean().default(false),
  severity: z.record(checkCodeSchema, severitySchema).default({}),
  waivers: z.array(z.strictObject({ finding: checkCodeSchema, ...exemptionSource })).default([]),
};
type ComplianceSource = z.infer<z.ZodObject<typeof complianceSource>>;

/** The checks that a policy asks for, in the order of the catalog's stages: cache, run, data, people. */
export function compileChecks(
  source: Omit<ComplianceSource, "waivers">,
  { logs, rules }: { logs: LogRule | undefined; rules: readonly Pick<Rule, "kind">[] },
): CheckRule[] {
  const { images, containers, volumes, backups, severity } = source;
  // Whoever backs up means that it can be restored.
  const byDefault = rules.some(({ kind }) => kind === "backup") ? ofBackupsSchema.options : [];
  const isRebuilt = rules.some(({ kind }) => kind === "rebuild");
  const asksFor = (one: z.infer<typeof ofBackupsSchema>) =>
    wanted((backups.require ?? byDefault).includes(one));
  const requires = (one: z.infer<typeof requirementSchema>) => wanted(containers.require.includes(one));
  const limitsAge = images.maxAge !== undefined || images.maxRunningAge !== undefined;

  const rule = <Code extends CheckCode>(check: Code, limit: LimitOf<Code> | undefined): CheckRule[] =>
    limit === undefined ? [] : [{ check, severity: severity[check] ?? checks[check].severity, limit }];
  return [
    ...rule("image-too-old", images.maxAge),
    ...rule("image-age-unknown", wanted(limitsAge)),
    ...rule("registry-not-allowed", images.registries),
    ...rule("base-not-allowed", images.bases),
    ...rule("base-too-old", images.maxBaseAge),
    ...rule("label-missing", images.labels),
    ...rule("source-not-known", images.sources),
    ...rule("running-image-too-old", images.maxRunningAge),
    ...rule("running-image-gone", wanted(containers.current)),
    ...rule("running-image-superseded", wanted(containers.current)),
    ...rule("mutable-tag", images.forbidTags),
    ...rule("container-too-old", containers.maxAge),
    ...rule("health-check-missing", requires("healthcheck")),
    ...rule("limits-missing", requires("limits")),
    ...rule("restart-policy-missing", requires("restart-policy")),
    ...rule("log-rotation-missing", requires("log-rotation")),
    ...rule("log-too-large", containers.maxLogSize),
    ...rule("log-burst", logs?.burst && { select: logs.select, burst: logs.burst }),
    ...rule("volume-not-backed-up", volumes.backup),
    ...rule("uncovered", asksFor("coverage")),
    ...rule("rpo-broken", asksFor("rpo")),
    ...rule("unverified", asksFor("verification")),
    ...rule("undrilled", asksFor("drills")),
    ...rule("host-undrilled", wanted(isRebuilt && (backups.require?.includes("drills") ?? true))),
    ...rule("unowned", wanted(source.unowned)),
  ];
}

/** The limit of a check that has none: it is asked for, or it is not. */
function wanted(isWanted: boolean): true | undefined {
  return isWanted ? true : undefined;
}

function unknownCheck(code: string): string {
  const meant = suggest(code, CHECK_CODES);
  return meant === undefined
    ? `expected a check such as ${CHECK_CODES[0]} (the policy language lists them)`
    : `expected a check (did you mean ${meant}?)`;
}
