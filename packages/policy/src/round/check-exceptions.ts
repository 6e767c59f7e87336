import { matchesPattern } from "@shipkeeper/kit";
import type { Verdict } from "../actions/action.ts";
import type { PolicyBundle } from "../language/policy.ts";
import { namesInRegistry } from "./check-registry.ts";
import type { PlannedRule } from "./round.ts";
import type { World } from "./world.ts";

/** No step on a thing that its policy exempts from the rule, or from all of its rules, at this time. */
export function checkExceptions(
  { policy: policyName, rule }: Pick<PlannedRule, "policy" | "rule">,
  { target, decision }: Verdict,
  world: World,
  bundle: PolicyBundle,
): string[] {
  const policy = bundle.policies.find(({ name }) => name === policyName);
  const violated = (policy?.exceptions ?? []).filter(
    (exception) =>
      world.now < exception.until &&
      (exception.rule === undefined || exception.rule === rule) &&
      Object.entries(exception.match).every(([key, pattern = ""]) =>
        knownAs(key, target, world).some((name) => matchesPattern(pattern, name)),
      ),
  );
  return violated.map(({ reason }) => `${decision} ${target.id}: is excepted (${reason})`);
}

/** The names of a step's target that an exception may go by, by the exception's key. */
function knownAs(key: string, target: Verdict["target"], world: World): string[] {
  const { type, id, name } = target;
  const { inventory, hostLabels } = world;
  if (key === "host") return [hostLabels["hostname"] ?? ""];
  if (type === "dataset") return namesOfData(key, id, world);
  if (key !== "image") return key === type ? [name] : [];
  if (type === "registry-tag") return namesInRegistry(target, world);

  const container = type === "container" ? inventory.containers.find((one) => one.id === id) : undefined;
  const imageId = type === "image" ? id : container?.imageId;
  const image = inventory.images.find((one) => one.id === imageId);
  const names = [
    ...(image?.tags ?? []),
    ...(image?.digests ?? []),
    ...(container === undefined ? [] : [container.image]),
  ];
  // `host:5000/acme/web:1` and `host:5000/acme/web@sha256:…` are both of repository `host:5000/acme/web`.
  return [...names, ...names.map((one) => one.replace(/@.*$/, "").replace(/:[^/]*$/, ""))];
}

/** `volume:shop-data` and `dump:shop-data` are both of volume `shop-data`. */
function namesOfData(key: string, id: string, { inventory }: World): string[] {
  const [, kind = "", name = ""] = /^([a-z]+):(.*)$/s.exec(id) ?? [];
  if (key === "volume") return ["volume", "dump"].includes(kind) ? [name] : [];
  if (key !== "image" || kind !== "image") return [];
  return inventory.images
    .filter((image) => image.id === name || image.tags.some((tag) => tag === name))
    .flatMap((image) => [...image.tags, ...image.tags.map((tag) => tag.replace(/:[^/]*$/, ""))]);
}
