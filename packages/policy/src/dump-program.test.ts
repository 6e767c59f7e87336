import { expect, test } from "vitest";
import { dumpProgramOf } from "./dump-program.ts";
import { hookSchema } from "./hook.ts";

const program = (hook: object) => dumpProgramOf(hookSchema.parse(hook));

test("a host's own program is run as it is written", () => {
  const hook = { argv: ["pg_dump", "-Fc", "app"], restore: ["pg_restore"], user: "postgres", timeout: "5m" };

  expect(program(hook)).toEqual({
    dump: ["pg_dump", "-Fc", "app"],
    restore: ["pg_restore"],
    user: "postgres",
    timeoutMs: 300_000,
    extension: "dump",
  });
});

test.for(["postgresql", "mysql", "mongodb", "redis"] as const)(
  "what a person writes of %s is an argument, and never a part of the program",
  (use) => {
    const plain = program({ use });
    const named = program({ use, database: `x"; rm -rf /`, login: "$(reboot)" });

    expect(named.dump.slice(0, 4)).toEqual(plain.dump.slice(0, 4));
    expect(named.dump.slice(4)).toEqual(["$(reboot)", `x"; rm -rf /`]);
    expect(named.restore?.slice(0, 4)).toEqual(plain.restore?.slice(0, 4));
  },
);

test("a database that is a file is named by its path", () => {
  const { dump, restore } = program({ use: "sqlite", file: "/data/app.db" });

  expect(dump.at(-1)).toBe("/data/app.db");
  expect(restore?.at(-1)).toBe("/data/app.db");
});
