/** Which probes a container has, by the policies in force and by its own labels. */
import { firstMatch } from "@shipkeeper/kit";
import type { Container, HostLabels } from "@shipkeeper/model";
import type { Guardrails } from "../../guardrails.ts";
import { rulesFor } from "../../language/compile.ts";
import type { PolicyBundle } from "../../language/policy.ts";
import { selectsContainer } from "../../language/select.ts";
import { protectsContainer } from "../never-touch.ts";
import { probesFromLabels } from "./probe-labels.ts";
import type { ProbeSpec } from "./probe-spec.ts";
import { restartSpecSchema, type RestartSpec } from "./spec.ts";

/** How a container is asked. */
export type ProbeWay =
  | ({ readonly kind: "http" } & NonNullable<ProbeSpec["http"]>)
  | ({ readonly kind: "tcp" } & NonNullable<ProbeSpec["tcp"]>)
  | ({ readonly kind: "exec" } & NonNullable<ProbeSpec["exec"]>)
  | { readonly kind: "log-silence"; readonly silentForMs: number };

export interface Probe {
  /** `rule/probe`, or `label:http`. */
  readonly name: string;
  readonly way: ProbeWay;
  readonly everyMs: number;
  readonly timeoutMs: number;
  readonly failures: number;
  readonly startPeriodMs: number;
}

export interface ProbesOfContainer {
  readonly probes: readonly Probe[];
  /** Probes that are asked for and cannot be, in words. */
  readonly problems: readonly string[];
}

export interface ProbeSources {
  readonly bundle: PolicyBundle;
  readonly hostLabels: HostLabels;
  readonly guardrails: Guardrails;
}

const NONE: ProbesOfContainer = { probes: [], problems: [] };

/**
 * Reads the policies once; the answer tells the probes of each container. Labels count where a rule of kind `restart`
 * selects the container, because nobody else would go by what they find.
 */
export function probesFor({
  bundle,
  hostLabels,
  guardrails,
}: ProbeSources): (container: Container) => ProbesOfContainer {
  const rules = rulesFor(bundle, hostLabels)
    .filter(({ rule }) => rule.kind === "restart")
    .map(({ rule }) => ({ name: rule.name, spec: restartSpecSchema.parse(rule.spec) }));

  return (container) => {
    const selecting = rules.filter(({ spec }) => selects(spec.select, container));
    if (selecting.length === 0) return NONE;
    const labelled = probesFromLabels(container.labels);
    const specs = [
      ...selecting.flatMap((rule) => probesOfRule(rule, container)),
      ...labelled.probes.map(({ label, spec }) => [`label:${label}`, spec] as const),
    ];
    const problems = [...labelled.problems];
    const probes = new Map<string, Probe>();
    for (const [name, spec] of specs) {
      const refused = spec.exec === undefined ? undefined : whyNoExec(container, guardrails);
      if (refused === undefined) probes.set(name, probeOf(name, spec));
      else problems.push(`probe ${name} is not run: ${refused}`);
    }
    return { probes: [...probes.values()], problems };
  };
}

function selects(select: RestartSpec["select"], container: Container): boolean {
  return (
    select === undefined || selectsContainer({ names: select.containers, labels: select.labels }, container)
  );
}

/** By rule and name, because two rules may use the same. */
function probesOfRule(
  { name: rule, spec }: { readonly name: string; readonly spec: RestartSpec },
  container: Container,
): (readonly [name: string, spec: ProbeSpec])[] {
  return Object.entries(spec.probes ?? {})
    .filter(([, probe]) => selects(probe.select, container))
    .map(([name, probe]) => [`${rule}/${name}`, probe]);
}

/** To run a program in a container is to touch it. */
function whyNoExec(container: Container, { allow, neverTouch }: Guardrails): string | undefined {
  const protectedBy = protectsContainer(neverTouch, container);
  if (protectedBy !== undefined) return `the host's guardrails protect the container (${protectedBy})`;
  if (firstMatch(allow.exec, [container.name]) !== undefined) return undefined;
  return "the host's guardrails do not name the container under `allow: { exec: [...] }`";
}

function probeOf(name: string, spec: ProbeSpec): Probe {
  const { every: everyMs, timeout: timeoutMs, failures, startPeriod: startPeriodMs } = spec;
  return { name, way: wayOf(spec), everyMs, timeoutMs, failures, startPeriodMs };
}

function wayOf({ http, tcp, exec, silentFor }: ProbeSpec): ProbeWay {
  if (http !== undefined) return { kind: "http", ...http };
  if (tcp !== undefined) return { kind: "tcp", ...tcp };
  if (exec !== undefined) return { kind: "exec", ...exec };
  return { kind: "log-silence", silentForMs: silentFor ?? 0 };
}
