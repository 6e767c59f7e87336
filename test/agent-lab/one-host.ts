import { assert } from "@shipkeeper/kit";
import { busyboxLayer, forgeImage, loadImages, startFleet, type Fleet, type LabHost } from "@shipkeeper/lab";
import { afterAll, beforeAll } from "vitest";

/** One host for all tests of a file, gone after them. It has `acme/app:1`, an image with a shell. */
export function oneHost(prefix: string): { readonly host: LabHost } {
  let fleet: Fleet | undefined;
  const host = () => {
    assert(fleet !== undefined, "the host is there when a test runs");
    return fleet.host(`${prefix}-1`);
  };
  beforeAll(async () => {
    fleet = await startFleet({ hosts: 1, prefix });
    await loadImages(host(), [forgeImage({ tags: ["acme/app:1"], layers: [busyboxLayer()] })]);
  });
  afterAll(() => fleet?.stop());
  return {
    get host() {
      return host();
    },
  };
}
