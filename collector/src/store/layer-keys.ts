import { sha256Hex } from "@shipkeeper/runtime";

/**
 * One key for each prefix of an image's layers, shortest first: two images have the same key at the same place only
 * where they have the same layers up to there. The last one stands for all layers.
 */
export function layerKeys(layers: readonly string[]): string[] {
  let key = "";
  return layers.map((layer) => (key = sha256Hex(`${key}\n${layer}`)));
}
