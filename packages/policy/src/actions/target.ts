import { imageName, type Container, type Image, type Volume } from "@shipkeeper/model";
import type { Target } from "./action.ts";

export function imageTarget(image: Image): Target {
  return { type: "image", id: image.id, name: imageName(image), ...ownerOf(image) };
}

export function containerTarget(container: Container): Target {
  return { type: "container", id: container.id, name: container.name, ...ownerOf(container) };
}

export function volumeTarget(volume: Volume): Target {
  return { type: "volume", id: volume.name, name: volume.name, ...ownerOf(volume) };
}

function ownerOf({ owner }: { owner?: string | undefined }): { owner?: string } {
  return owner === undefined ? {} : { owner };
}
