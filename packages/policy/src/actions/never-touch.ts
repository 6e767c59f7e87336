import { firstMatch } from "@shipkeeper/kit";
import type { Container, Image, Labels, Network, Volume } from "@shipkeeper/model";
import type { Guardrails } from "../guardrails.ts";

type NeverTouch = Guardrails["neverTouch"];

/** What of the guardrails protects an image: a pattern, or a label as it stands in the file. */
export function protectsImage(
  neverTouch: NeverTouch,
  image: Pick<Image, "tags" | "digests" | "labels"> & { readonly id: string },
): string | undefined {
  return (
    firstMatch(neverTouch.images, [...image.tags, ...image.digests, image.id]) ?? label(neverTouch, image)
  );
}

export function protectsContainer(neverTouch: NeverTouch, container: Container): string | undefined {
  return firstMatch(neverTouch.containers, [container.name]) ?? label(neverTouch, container);
}

export function protectsVolume(neverTouch: NeverTouch, volume: Volume): string | undefined {
  return firstMatch(neverTouch.volumes, [volume.name]) ?? label(neverTouch, volume);
}

export function protectsNetwork(neverTouch: NeverTouch, network: Network): string | undefined {
  return label(neverTouch, network);
}

/** `key=value` wants exactly that value, `key` alone any. */
function label({ labels: wanted }: NeverTouch, { labels }: { labels: Labels }): string | undefined {
  return wanted.find((entry) => {
    const equals = entry.indexOf("=");
    if (equals === -1) return Object.hasOwn(labels, entry);
    const key = entry.slice(0, equals);
    return Object.hasOwn(labels, key) && labels[key] === entry.slice(equals + 1);
  });
}

/** Whether the agent runs in this container, or started it for itself. */
export function isSelf(self: readonly string[], { id, name }: Pick<Container, "id" | "name">): boolean {
  return self.includes(id) || self.includes(name);
}
