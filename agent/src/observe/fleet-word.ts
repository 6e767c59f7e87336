/** What the collector says of the fleet. It can have this host wait with healing, for as long as it keeps saying so. */
import { MINUTE_MS, type Clock, type Instant } from "@shipkeeper/kit";
import type { ImageId } from "@shipkeeper/model";
import type { Signals } from "@shipkeeper/policy";

/** A collector that has fallen silent shall not stop healing for ever. */
const BELIEVED_MS = 10 * MINUTE_MS;

export function fleetWord(clock: Clock) {
  let said: { images: ReadonlyMap<ImageId, number>; at: Instant } | undefined;

  return {
    /** The images that are sick on many hosts, by the newest receipt: those it does not name are well. */
    noteSick(images: readonly (readonly [ImageId, number])[]): void {
      said = { images: new Map(images), at: clock() };
    },
    /** For `Signals`. */
    sickImages(): Signals["sickImages"] {
      return said !== undefined && clock() - said.at < BELIEVED_MS ? said.images : new Map();
    },
  };
}
