import { expect, test } from "vitest";
import { ResticProblem, type Snapshot } from "@shipkeeper/restic";
import { findRestorePoint } from "./find-restore-point.ts";

const point = (start: string, volume: string): Snapshot => ({
  id: start.padEnd(64, "0"),
  at: Date.parse("2030-01-31T02:00:00Z"),
  hostname: "host",
  paths: ["/volumes/data"],
  tags: ["shipkeeper", `dataset=volume:${volume}`],
});

const HELD: Readonly<Record<string, readonly Snapshot[]>> = {
  local: [point("aaaa1111", "shop"), point("aaaa2222", "wiki")],
  offsite: [point("bbbb1111", "shop"), point("aaaa1111", "shop")],
};

const restic = {
  repositoryNames: ["away", "local", "offsite"],
  async snapshots(repository: string) {
    const held = HELD[repository];
    if (held === undefined)
      throw new ResticProblem("repository_absent", `there is no repository ${repository}`);
    return [...held];
  },
};
const find = (prefix: string) => findRestorePoint(prefix, restic, new AbortController().signal);

test("finds a restore point by the beginning of its id in whichever repository", async () => {
  expect(await find("bbbb")).toMatchObject({
    repository: "offsite",
    snapshot: { id: point("bbbb1111", "").id },
  });
  expect(await find("aaaa1")).toMatchObject({ repository: "local" });
});

test("an unknown one lists what there is, and which repository could not be read", async () => {
  await expect(find("cccc")).rejects.toThrow(
    /no restore point begins with cccc: there is no repository away; there are\n.*aaaa1111 {2}2030-01-31 02:00Z {2}volume:shop of host host {2}in local/,
  );
});

test("a beginning of several is not guessed", async () => {
  await expect(find("aaaa")).rejects.toThrow("several restore points begin with aaaa");
  await expect(find("no")).rejects.toThrow("4 to 64 hex digits");
});
