/**
 * Takes out of a host's configuration what looks secret, and puts it back. Where it cannot tell it takes too much: what
 * was taken out is sealed and comes back whole.
 */
import { maskSecrets } from "@shipkeeper/kit";
import type { HostConfiguration, TakenOut } from "./host-configuration.ts";

/** What stands in the place of a text that was taken out. */
export const SEALED = "[sealed]";

/** JSON pointer → text. */
export type Secrets = Readonly<Record<string, string>>;

/** The parts of a configuration that may hold secrets. */
export type Openable = Pick<HostConfiguration, "containers" | "networks" | "volumes" | "hooks">;

/** The same without secrets, what was taken out, and the secrets themselves. */
export function takeSecrets<Config extends Openable>(
  configuration: Config,
): { readonly open: Config; readonly takenOut: TakenOut[]; readonly secrets: Secrets } {
  const open = JSON.parse(JSON.stringify(configuration)) as Config;
  const takenOut: TakenOut[] = [];
  const secrets: Record<string, string> = {};
  const take = (at: string, what: string, text: string) => {
    takenOut.push({ at, what });
    secrets[at] = text;
  };

  for (const [index, { blueprint }] of open.containers.entries()) {
    const of = `container ${blueprint.name}`;
    for (const [position, variable] of blueprint.environment.entries()) {
      const { name, value } = variable;
      if (value === undefined || !looksSecret(`${name}=${value}`)) continue;
      take(
        `/containers/${index}/blueprint/environment/${position}/value`,
        `variable ${name} of ${of}`,
        value,
      );
      delete variable.value;
    }
  }
  // A command may repeat what is secret in the environment.
  const known = Object.values(secrets);
  const sweep = (place: object, at: string, of: string) =>
    takeTexts(place, at, known, (pointer, text) => take(pointer, `${keyOf(pointer)} of ${of}`, text));
  for (const [index, { blueprint }] of open.containers.entries()) {
    sweep(blueprint.create, `/containers/${index}/blueprint/create`, `container ${blueprint.name}`);
  }
  for (const [index, { name, create }] of open.networks.entries()) {
    sweep(create, `/networks/${index}/create`, `network ${name}`);
  }
  for (const [index, { name, labels, options }] of open.volumes.entries()) {
    sweep(labels, `/volumes/${index}/labels`, `volume ${name}`);
    sweep(options, `/volumes/${index}/options`, `volume ${name}`);
  }
  for (const [name, hook] of Object.entries(open.hooks)) {
    sweep(hook, `/hooks/${escapeStep(name)}`, `hook ${name}`);
  }
  return { open, takenOut, secrets };
}

/**
 * The configuration with those secrets in their places; what is not among them stays out. A pointer that leads to no place
 * of a text that was taken out is passed over: anybody can seal something to a public key.
 */
export function putSecrets<Config extends Openable & Pick<HostConfiguration, "takenOut">>(
  configuration: Config,
  secrets: Secrets,
): Config {
  const whole = JSON.parse(JSON.stringify(configuration)) as Config;
  for (const { at } of configuration.takenOut) {
    const text = secrets[at];
    const steps = at.split("/").slice(1).map(unescapeStep);
    const last = steps.pop() ?? "";
    const parent = steps.reduce<unknown>(ownValue, whole);
    const isPlace = typeof parent === "object" && parent !== null && last !== "__proto__";
    if (text !== undefined && isPlace) (parent as Record<string, unknown>)[last] = text;
  }
  return whole;
}

/** What of that was taken out is not among the secrets. */
export function missingSecrets(takenOut: readonly TakenOut[], secrets: Secrets): TakenOut[] {
  return takenOut.filter(({ at }) => secrets[at] === undefined);
}

function ownValue(place: unknown, step: string): unknown {
  if (typeof place !== "object" || place === null || !Object.hasOwn(place, step)) return undefined;
  return (place as Record<string, unknown>)[step];
}

function looksSecret(text: string, known: readonly string[] = []): boolean {
  return maskSecrets(text, known) !== text;
}

/** Replaces every text below that looks secret, by itself or behind its key or the argument before it. */
function takeTexts(
  place: object,
  at: string,
  known: readonly string[],
  take: (pointer: string, text: string) => void,
): void {
  const entries = Object.entries(place) as [string, unknown][];
  for (const [position, [key, value]] of entries.entries()) {
    const pointer = `${at}/${escapeStep(key)}`;
    if (typeof value === "object" && value !== null) takeTexts(value, pointer, known, take);
    if (typeof value !== "string" || value === "") continue;
    const before = Array.isArray(place) ? entries[position - 1]?.[1] : `${key}=`;
    if (!looksSecret(value, known) && !makesSecret(before, value)) continue;
    take(pointer, value);
    (place as Record<string, unknown>)[key] = SEALED;
  }
}

/** `--password` before a text, or `splunk-token=`. */
function makesSecret(before: unknown, text: string): boolean {
  if (typeof before !== "string") return false;
  const isOption = before.startsWith("-") && !before.includes("=") && !text.startsWith("-");
  if (!isOption && !before.endsWith("=")) return false;
  return looksSecret(before.endsWith("=") ? `${before}${text}` : `run ${before} ${text}`);
}

/** The last word of a pointer that is no number: `Cmd` of `/create/Cmd/3`. */
function keyOf(pointer: string): string {
  return unescapeStep(pointer.split("/").findLast((step) => !/^\d+$/.test(step)) ?? "");
}

const escapeStep = (step: string) => step.replaceAll("~", "~0").replaceAll("/", "~1");
const unescapeStep = (step: string) => step.replaceAll("~1", "/").replaceAll("~0", "~");
