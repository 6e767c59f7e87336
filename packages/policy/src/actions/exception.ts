/**
 * What the policy itself exempts from a rule for a while. A planner asks here where it asks for its own `except`, and
 * keeps what it finds; which exceptions hold for the rule at hand is settled by then (`World.exceptions`).
 */
import { instantSchema, repositoriesOf, repositoryOf, type Image } from "@shipkeeper/model";
import * as z from "zod";
import { readDatasetId } from "../dataset/dataset.ts";
import { matchesExemption, type ExemptibleThing } from "../language/exemption.ts";
import { formatEnd } from "../language/values.ts";
import type { World } from "../round/world.ts";
import type { Target } from "./action.ts";

/** Why a thing stays that an exception speaks of: one more line in the reasons of every kind. */
export const exceptionReasonSchema = z.object({
  why: z.literal("exception"),
  until: instantSchema,
  because: z.string(),
});
export type ExceptionReason = z.infer<typeof exceptionReasonSchema>;

type Known = Pick<World["inventory"], "containers" | "images">;

/** The exception that holds for a thing, or undefined where a rule may treat it as any other. */
export function exceptionFor(
  world: Pick<World, "exceptions" | "hostLabels"> & { readonly inventory: Known },
  target: Pick<Target, "type" | "id" | "name">,
): ExceptionReason | undefined {
  const { exceptions = [], hostLabels, inventory } = world;
  if (exceptions.length === 0) return undefined;
  const thing = { ...namesOf(target, inventory), host: [hostLabels["hostname"] ?? ""] };
  const found = exceptions.find(({ match }) => matchesExemption(match, thing));
  return found === undefined ? undefined : { why: "exception", until: found.until, because: found.reason };
}

/** `exception until 2027-03-31: the vendor certifies in March` */
export function explainException({ until, because }: ExceptionReason): string {
  return `exception until ${formatEnd(until)}: ${because}`;
}

function namesOf(
  { type, id, name }: Pick<Target, "type" | "id" | "name">,
  inventory: Known,
): ExemptibleThing {
  switch (type) {
    case "image":
      return { image: namesOfImage(inventory.images.find((image) => image.id === id)) };
    case "container": {
      const container = inventory.containers.find((one) => one.id === id);
      const made = container === undefined ? [] : [container.image, repositoryOf(container.image)];
      const image = inventory.images.find((one) => one.id === container?.imageId);
      return { container: [name], image: [...made, ...namesOfImage(image)] };
    }
    case "volume":
      return { volume: [name] };
    case "registry-tag":
      return { image: [name] };
    case "dataset":
      return namesOfDataset(id, inventory);
    default:
      return {};
  }
}

function namesOfDataset(id: string, { images }: Known): ExemptibleThing {
  const dataset = readDatasetId(id);
  switch (dataset?.kind) {
    case "volume":
    case "dump":
      return { volume: [dataset.name] };
    case "image": {
      const { name } = dataset;
      return { image: namesOfImage(images.find((image) => image.id === name || image.tags.includes(name))) };
    }
    default:
      return {};
  }
}

function namesOfImage(image: Image | undefined): string[] {
  return image === undefined ? [] : [...image.tags, ...image.digests, ...repositoriesOf(image)];
}
