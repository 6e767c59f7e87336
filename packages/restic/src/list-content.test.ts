import { expect, test } from "vitest";
import { listContent, readNanoseconds, type ListedFile } from "./list-content.ts";
import type { RepositoryCall } from "./run-in-repository.ts";

test("every file is told, and nothing else: neither folders nor links, nor what cannot be read", async () => {
  const mtime = "2030-01-31T02:00:00.123456789Z";
  const lines = [
    { struct_type: "snapshot", id: "aa" },
    { struct_type: "node", type: "dir", path: "/data", mtime },
    { struct_type: "node", type: "file", path: "/data/a", size: 5, mtime },
    { struct_type: "node", type: "file", path: "/data/empty", mtime },
    { struct_type: "node", type: "symlink", path: "/data/link", mtime },
    { struct_type: "node", type: "file", path: "/data/odd", mtime: "yesterday" },
  ].map((line) => JSON.stringify(line));
  const listing = listContent(async (_name, { onLine }: RepositoryCall) => {
    for (const line of [...lines, "no JSON"]) onLine?.(line);
    return [];
  });

  const files: ListedFile[] = [];
  await listing.listFiles("local", "aa", (file) => files.push(file));

  const modifiedAtNs = BigInt(Date.UTC(2030, 0, 31, 2)) * 1_000_000n + 123_456_789n;
  expect(files).toEqual([
    { path: "/data/a", bytes: 5, modifiedAtNs },
    { path: "/data/empty", bytes: 0, modifiedAtNs },
  ]);
});

test("times keep their nanoseconds, in every zone and before 1970", () => {
  expect(readNanoseconds("1970-01-01T01:00:00.5+01:00")).toBe(500_000_000n);
  expect(readNanoseconds("1969-12-31T23:59:59.999999999Z")).toBe(-1n);
  expect(readNanoseconds("1970-01-01T00:00:01Z")).toBe(1_000_000_000n);
  expect(readNanoseconds("soon")).toBeUndefined();
});
