import { firstMatch } from "@shipkeeper/kit";
import type { World } from "../../round/world.ts";
import { databaseSign } from "../database.ts";
import { guestOf } from "../guest.ts";
import type { Patient } from "./patient.ts";
import type { Rung } from "./sign.ts";
import type { RestartSpec } from "./spec.ts";

/** The gentlest rung that was not tried yet. A database is never killed: it gets all the time that it has to stop. */
export function rungFor({ container, tries }: Patient, spec: RestartSpec, world: World): Rung {
  const image = world.inventory.images.find(({ id }) => id === container.imageId);
  if (tries.length === 0 || databaseSign(container, image) !== undefined) return "restart";
  return tries.length >= 2 && mayRecreate({ container }, spec, world) ? "recreate" : "kill";
}

/** Made anew, a container has another id: whoever lives in its namespaces would be left behind. */
function mayRecreate(
  { container }: Pick<Patient, "container">,
  { recreate }: RestartSpec,
  { guardrails, inventory }: World,
): boolean {
  const allowed = firstMatch(guardrails.allow.recreate, [container.name]) !== undefined;
  return recreate && allowed && guestOf(container, inventory.containers) === undefined;
}
