import { expect, test } from "vitest";
import { damageOf, standingDamage, withSince } from "./rung.ts";
import { ladderOf } from "./ladder.ts";
import type { Proof } from "./proof.ts";
import { afterReading, NOTHING_READ, sweepFacts } from "./sweep.ts";

const NOW = Date.UTC(2030, 0, 31, 2);
const proof = (level: Proof["level"], facts: Partial<Proof> = {}): Proof => ({
  level,
  repository: "local",
  passed: true,
  at: NOW - 100,
  ...(!["structure", "bytes"].includes(level) && { dataset: "volume:shop" }),
  ...facts,
});
const ladder = (...proofs: Proof[]) => ladderOf(proofs, { repository: "local", dataset: "volume:shop" }, NOW);
const readTo = (to: number) => ({
  facts: sweepFacts(afterReading(NOTHING_READ, { from: 0, to }, NOW - 500)),
});

test("without proofs nothing holds", () => {
  expect(ladder()).toEqual({
    rungs: [
      { level: "listed" },
      { level: "structure" },
      { level: "bytes" },
      { level: "sample" },
      { level: "drill" },
    ],
  });
});

test("the highest rung that passed counts, with the repository's own ones", () => {
  expect(ladder(proof("listed"), proof("structure", { at: NOW - 50 })).highest).toEqual({
    level: "structure",
    at: NOW - 50,
  });
  expect(ladder(proof("listed"), proof("drill", { at: NOW - 70 })).highest).toEqual({
    level: "drill",
    at: NOW - 70,
  });
});

test("bytes count once all were read, as of the one that was read longest ago", () => {
  expect(ladder(proof("listed"), proof("bytes", readTo(128))).highest?.level).toBe("listed");
  expect(ladder(proof("bytes", readTo(256))).highest).toEqual({ level: "bytes", at: NOW - 500 });
});

test("a sample without a file that could be compared proves nothing", () => {
  const nothing = proof("sample", { facts: { filesEqual: 0 } });
  const some = proof("sample", { facts: { filesEqual: 3 } });

  expect(ladder(proof("listed"), nothing).highest?.level).toBe("listed");
  expect(ladder(proof("listed"), some).highest?.level).toBe("sample");
});

test("where a rung was found bad, nothing above it holds any more until it passes again", () => {
  const damaged = proof("structure", { passed: false, message: "pack aa: does not exist", at: NOW - 10 });
  const broken = ladder(proof("listed"), proof("structure"), proof("drill"), damaged);

  expect(broken.highest?.level).toBe("listed");
  expect(broken.failure).toBe(damaged);
  expect(ladder(proof("drill"), damaged, proof("structure", { at: NOW - 5 })).highest?.level).toBe("drill");
});

test("other datasets, other repositories and clocks that went wrong prove nothing", () => {
  expect(
    ladder(
      proof("drill", { dataset: "volume:cache" }),
      proof("drill", { repository: "offsite" }),
      proof("drill", { at: NOW + 1 }),
    ),
  ).not.toHaveProperty("highest");
});

test("a repository is damaged by what its last looks found, since the first of them that found it", () => {
  const structure = proof("structure", { passed: false, at: NOW - 9, message: "pack aa: does not exist" });
  const bytes = proof("bytes", { passed: false, at: NOW - 5, message: "pack bb does not match" });
  const again = withSince({ ...structure, at: NOW - 3 }, [structure]);

  const proofs = [again, bytes, proof("sample", { passed: false })];
  expect(damageOf(proofs, "local", NOW)).toEqual([again, bytes]);
  expect(standingDamage(proofs, "local", NOW)).toEqual({
    message: "pack aa: does not exist; pack bb does not match",
    since: NOW - 9,
  });
  const whole = proof("structure", { at: NOW - 8 });
  expect(standingDamage([structure, whole], "local", NOW)).toBeUndefined();
  expect(standingDamage([structure], "offsite", NOW)).toBeUndefined();
});
