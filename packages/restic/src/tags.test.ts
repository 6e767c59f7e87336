import { expect, test } from "vitest";
import { tag, tagOf } from "./tags.ts";

test.for(["volume:shop-data", "bind:/srv/a, b=c", "bind:/srv/100%2C", "bind:/srv/new\nline"])(
  "%j is read again",
  (value) => {
    const written = tag("dataset", value);
    expect(written).not.toMatch(/[,\n]/);
    expect(tagOf({ tags: ["shipkeeper", written] }, "dataset")).toBe(value);
  },
);
