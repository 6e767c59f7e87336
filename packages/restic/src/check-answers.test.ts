import { expect, test } from "vitest";
import { readDamage, readPackCounts } from "./check-answers.ts";

const PACK = "4eea6f426465c0ea0ff45f711613fb800d3cde71fb5e1e8ca81be3843ba7304e";
const OTHER = "277f5a03f6866d4b71d8931f41e2d19034a6e8c00b902007ed56311a55ccab91";
const END = "Fatal: repository contains errors";

const damage = (...lines: string[]) =>
  readDamage([...lines, END]).map(({ level, message }) => `${level}: ${message}`);

test("damage is named by what is damaged, in few words", () => {
  expect(
    damage(`pack ${PACK}: does not exist`, `pack ${OTHER}: unexpected file size: got 5, expected 9`),
  ).toEqual([
    "structure: pack 4eea6f42: does not exist",
    "structure: pack 277f5a03: unexpected file size: got 5, expected 9",
  ]);
  expect(damage(`Pack ID does not match, want ${PACK}, got ${OTHER}`)).toEqual([
    "bytes: Pack ID does not match, want 4eea6f42, got 277f5a03",
  ]);
  expect(damage("error: load <snapshot/fb644fb313>: invalid data returned")).toEqual([
    "structure: load <snapshot/fb644fb3>: invalid data returned",
  ]);
  expect(
    damage("error for tree 4eea6f42:", `  decrypting blob ${PACK} failed: ciphertext verification failed`),
  ).toEqual(["structure: decrypting blob 4eea6f42 failed: ciphertext verification failed"]);
});

test("tries that go on and packs that nobody refers to are no damage", () => {
  expect(
    damage(
      `Load(<data/4eea6f4264>, 176, 0) returned error, retrying after 552ms: unexpected EOF`,
      `pack ${OTHER}: not referenced in any index`,
      `pack ${PACK} failed to download: StreamPack: ReadFull: unexpected EOF`,
    ),
  ).toEqual(["bytes: pack 4eea6f42 failed to download: StreamPack: ReadFull: unexpected EOF"]);
});

test("an index or a configuration that cannot be read is damage", () => {
  const index = `error: error loading index ${PACK}: load <index/4eea6f4264>: invalid data returned`;
  expect(readDamage([index, "Fatal: LoadIndex returned errors"])).toMatchObject([{ id: "4eea6f42" }]);
  const config = `Fatal: config or key ${PACK} is damaged: ciphertext verification failed`;
  expect(readDamage([config])).toMatchObject([{ id: "4eea6f42", level: "structure" }]);
});

test("another end says nothing of the content, and an end without any name is damage of its own", () => {
  expect(readDamage([`pack ${PACK}: does not exist`, "Fatal: unable to create lock in backend"])).toEqual([]);
  expect(readDamage([END])).toEqual([{ level: "structure", id: "", message: END }]);
});

test("packs are counted, of a part and of the whole", () => {
  const group = "read group #1 of 12 data packs (out of total 300 packs in 32 groups)";
  expect(readPackCounts(["load indexes", group])).toEqual({ packsRead: 12, packs: 300 });
  expect(readPackCounts(["read all data", "[0:00] 100.00%  3 / 3 packs", ""])).toEqual({
    packsRead: 3,
    packs: 3,
  });
  expect(readPackCounts(["load indexes", "no errors were found"])).toEqual({});
});
