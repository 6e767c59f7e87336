/**
 * Holds one host to the compliance checks of the policies that select it. Where several policies have the same check,
 * a thing passes only if it passes by all of them, and the check is as severe as the most severe of them says.
 */
import type { Instant } from "@shipkeeper/kit";
import { isComplete, repositoriesOf, type Container, type Image, type Volume } from "@shipkeeper/model";
import type { Target } from "../actions/action.ts";
import { containerTarget, imageTarget, volumeTarget } from "../actions/target.ts";
import { judgeCoverage, type CoveringPolicy } from "../coverage/judge-coverage.ts";
import { rebuiltDataset } from "../actions/rebuild/plan.ts";
import { rebuildSpecSchema } from "../actions/rebuild/spec.ts";
import { ruleKey } from "../language/compile.ts";
import { matchesExemption, type ExemptibleThing } from "../language/exemption.ts";
import type { Policy } from "../language/policy.ts";
import { complianceCheck } from "./catalog.ts";
import { SEVERITIES, type Answer, type Check, type Severity } from "./check.ts";
import type { Finding, Tally } from "./finding.ts";
import { viewHost, type HostToJudge, type HostView } from "./host-view.ts";
import { namesOf } from "./image-names.ts";

type Judging = Pick<Policy, "name" | "checks" | "waivers"> & CoveringPolicy;

export interface HostJudgement {
  readonly findings: readonly Finding[];
  /** For every check that was made, one for each owner of something that it looked at. */
  readonly tallies: readonly Tally[];
  /** Checks that were not made: nothing can be said of what they found before. */
  readonly skipped: readonly { readonly check: string; readonly why: string }[];
}

/** Pure and total: every thing that a check is about passes, fails or is counted as unknown. */
export function judgeHost(policies: readonly Judging[], host: HostToJudge, now: Instant): HostJudgement {
  const view = viewHost(host, now);
  const demands = demandsOf(policies);
  const things = [
    ...thingsOf(host, view),
    ...(demands.some(({ check }) => check.data !== undefined) ? dataOf(policies, host, now) : []),
    ...rebuildsOf(policies, host),
  ];
  const findings: Finding[] = [];
  const tallies: Tally[] = [];
  const skipped: HostJudgement["skipped"][number][] = [];

  for (const demand of demands) {
    const { check } = demand;
    const isOfBackups = check.data !== undefined || check.rebuild !== undefined;
    if (isOfBackups && host.backups === undefined) {
      skipped.push({ check: check.code, why: "the host did not tell its guardrails and repositories" });
      continue;
    }
    const gap = check.needs.find((section) => !isComplete(host.inventory, section));
    if (gap !== undefined) {
      skipped.push({ check: check.code, why: `the list of ${gap} could not be read completely` });
      continue;
    }
    const tallyOf = tallyByOwner(demand);
    for (const thing of things) {
      const judged = judgeThing(demand, thing, view);
      if (judged !== undefined) tallyOf.count(thing.target.owner, judged);
      if (typeof judged === "object") findings.push(judged);
    }
    tallies.push(...tallyOf.all());
  }
  return { findings, tallies, skipped };
}

interface Thing {
  readonly target: Target;
  readonly names: ExemptibleThing;
  /** Undefined where the check is not about things of this type. */
  answer(check: Check, limit: unknown, view: HostView): Answer | undefined;
}

/** Images without any name are judged only where a container uses them: the others are what builds leave behind. */
function thingsOf({ hostname, inventory }: HostToJudge, view: HostView): Thing[] {
  const host = [hostname];
  const nameImages = (image: Image | undefined) =>
    image === undefined ? [] : [...namesOf(image), ...repositoriesOf(image)];
  const ofImage = (image: Image): Thing => ({
    target: imageTarget(image),
    names: { host, image: nameImages(image) },
    answer: (check, limit) => check.image?.(limit, image, view),
  });
  const ofContainer = (container: Container): Thing => ({
    target: containerTarget(container),
    names: {
      host,
      container: [container.name],
      image: [container.image, ...nameImages(view.imageById.get(container.imageId))],
    },
    answer: (check, limit) => check.container?.(limit, container, view),
  });
  const ofVolume = (volume: Volume): Thing => ({
    target: volumeTarget(volume),
    names: {
      host,
      volume: [volume.name],
      container: volume.users.flatMap((id) => view.containerById.get(id)?.name ?? []),
    },
    answer: (check, limit) => check.volume?.(limit, volume, view),
  });
  return [
    ...inventory.images
      .filter((image) => namesOf(image).length > 0 || view.usedImages.has(image.id))
      .map(ofImage),
    ...inventory.containers.map(ofContainer),
    ...inventory.volumes.map(ofVolume),
  ];
}

/** Data in volumes and folders, with how the host's policies cover it. */
function dataOf(
  policies: readonly Judging[],
  { hostname, inventory, backups }: HostToJudge,
  now: Instant,
): Thing[] {
  if (backups === undefined) return [];
  return judgeCoverage(policies, { ...backups, inventory, now }).map((data): Thing => {
    const { target, users } = data;
    return {
      target,
      names: {
        host: [hostname],
        container: users,
        ...(target.type === "volume" && { volume: [target.name] }),
      },
      answer: (check, limit, view) => check.data?.(limit, data, view),
    };
  });
}

/** Other hosts that this one rebuilds for a try. */
function rebuildsOf(policies: readonly Judging[], { hostname }: HostToJudge): Thing[] {
  const rules = policies.flatMap((policy) => policy.rules.map((rule) => ({ policy, rule })));
  const things = rules.flatMap(({ policy, rule }) => {
    const spec = rule.kind === "rebuild" ? rebuildSpecSchema.safeParse(rule.spec).data : undefined;
    if (spec === undefined) return [];
    const { host } = spec;
    const rebuilt = { rule: ruleKey(policy.name, rule.name), dataset: rebuiltDataset(host), spec };
    const thing: Thing = {
      target: { type: "host", id: host, name: host },
      names: { host: [hostname, host] },
      answer: (check, limit, view) => check.rebuild?.(limit, rebuilt, view),
    };
    return [[host, thing] as const];
  });
  // A rule that only observes may stand beside the one that acts.
  return [...new Map(things).values()];
}

/** One check, and what each policy wants of it. */
interface Demand {
  readonly check: Check;
  readonly severity: Severity;
  readonly by: readonly { readonly policy: Judging; readonly limit: unknown }[];
}

/** A check of a newer version, or with a limit that this one cannot read, is left to the newer version. */
function demandsOf(policies: readonly Judging[]): Demand[] {
  const demands = new Map<string, Demand>();
  for (const policy of policies) {
    for (const { check: code, severity, limit } of policy.checks) {
      const check = complianceCheck(code);
      const decoded = check?.limit.safeParse(limit);
      if (check === undefined || decoded?.success !== true) continue;
      const known = demands.get(code);
      demands.set(code, {
        check,
        severity: moreSevere(known?.severity ?? severity, severity),
        by: [...(known?.by ?? []), { policy, limit: decoded.data }],
      });
    }
  }
  return [...demands.values()];
}

function moreSevere(a: Severity, b: Severity): Severity {
  return SEVERITIES.indexOf(a) <= SEVERITIES.indexOf(b) ? a : b;
}

type Judged = "passed" | "unknown" | Finding;

function judgeThing({ check, severity, by }: Demand, thing: Thing, view: HostView): Judged | undefined {
  const answers = by.flatMap(({ policy, limit }) => {
    const answer = thing.answer(check, limit, view);
    return answer === undefined ? [] : [{ policy, answer }];
  });
  const broken = answers.flatMap(({ policy, answer }) =>
    answer.is === "failed" ? [{ policy, evidence: answer.evidence, waived: waiverOf(policy) }] : [],
  );
  // What nobody waives comes first: it is what has to be mended.
  const worst = broken.find(({ waived }) => waived === undefined) ?? broken[0];
  if (worst !== undefined) {
    const { policy, evidence, waived } = worst;
    const finding = { check: check.code, severity, subject: thing.target, evidence, policy: policy.name };
    return waived === undefined ? finding : { ...finding, waived };
  }
  if (answers.some(({ answer }) => answer.is === "unknown")) return "unknown";
  return answers.length === 0 ? undefined : "passed";

  /** The waiver in force that holds longest. */
  function waiverOf({ waivers }: Judging): Finding["waived"] {
    const [longest] = waivers
      .filter(
        ({ finding, match, until }) =>
          finding === check.code && until > view.now && matchesExemption(match, thing.names),
      )
      .sort((a, b) => b.until - a.until);
    if (longest === undefined) return undefined;
    const { finding: _, ...waived } = longest;
    return waived;
  }
}

function tallyByOwner({ check, severity }: Demand) {
  const byOwner = new Map<string | undefined, Tally>();
  return {
    count(owner: string | undefined, judged: Judged): void {
      const tally = byOwner.get(owner) ?? {
        check: check.code,
        severity,
        ...(owner === undefined ? {} : { owner }),
        checked: 0,
        passed: 0,
        waived: 0,
        unknown: 0,
      };
      byOwner.set(owner, tally);
      if (judged === "unknown") {
        tally.unknown += 1;
        return;
      }
      const isWaived = judged !== "passed" && judged.waived !== undefined;
      tally.checked += 1;
      if (judged === "passed" || isWaived) tally.passed += 1;
      if (isWaived) tally.waived += 1;
    },
    all: (): Tally[] => [...byOwner.values()],
  };
}
