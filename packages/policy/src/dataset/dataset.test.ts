import { expect, test } from "vitest";
import { datasetId, readDatasetId } from "./dataset.ts";

test.for(["volume:shop-data", "bind:/srv/a:b", "dump:db", "host:configuration", "image:shop:3"])(
  "%s is read and written again",
  (id) => {
    const dataset = readDatasetId(id);
    expect(dataset && datasetId(dataset)).toBe(id);
  },
);

test.for(["", "shop-data", "volume:", ":name", "tape:shop"])("%j is no dataset", (id) => {
  expect(readDatasetId(id)).toBeUndefined();
});
