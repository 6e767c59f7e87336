import {
  imageName,
  type BuildCacheRecord,
  type Container,
  type Image,
  type Network,
  type Volume,
} from "@shipkeeper/model";
import { datasetId, type Dataset } from "../dataset/dataset.ts";
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

export function datasetTarget(dataset: Dataset, owner: string | undefined): Target {
  const id = datasetId(dataset);
  return { type: "dataset", id, name: id, ...ownerOf({ owner }) };
}

export function networkTarget({ id, name }: Network): Target {
  return { type: "network", id, name };
}

export function buildCacheTarget({ id, description }: BuildCacheRecord): Target {
  return { type: "build-cache", id, name: description === "" ? id : description };
}

export function repositoryTarget(name: string): Target {
  return { type: "repository", id: name, name };
}

function ownerOf({ owner }: { owner?: string | undefined }): { owner?: string } {
  return owner === undefined ? {} : { owner };
}
