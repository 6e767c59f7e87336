import { expect, test } from "vitest";
import { hostsProblems } from "../index.ts";

const FLEET = [
  { hostname: "web-1", labels: { environment: "production", ring: "canary" } },
  { hostname: "web-2", labels: { environment: "staging", ring: "all" } },
];

const problems = (hosts: Record<string, string>, fleet = FLEET) =>
  hostsProblems([{ name: "p", hosts }], fleet).map(({ path, message }) => `${path.join(".")} ${message}`);

test("a policy that selects a host has no problem, also where it selects it by name", () => {
  expect(problems({ environment: "prod*" })).toEqual([]);
  expect(problems({ hostname: "web-*", ring: "all" })).toEqual([]);
});

test("a label that no host has, or a value that none has, comes with what was meant", () => {
  expect(problems({ enviroment: "production", ring: "canary" })).toEqual([
    "hosts.enviroment hosts: selects no host: no host has the label enviroment, did you mean environment?",
  ]);
  expect(problems({ environment: "prodution", hostname: "db-*" })).toEqual([
    "hosts.environment hosts: selects no host: no host has environment prodution, did you mean production?",
    "hosts.hostname hosts: selects no host: no host has hostname db-*, there are web-1, web-2",
  ]);
});

test("labels that exist, but on no one host together, are a mistake of their own", () => {
  expect(problems({ environment: "production", ring: "all" })).toEqual([
    "hosts hosts: selects no host: every label is there, but no host has all of them",
  ]);
});

test("a fleet without hosts cannot tell", () => {
  expect(problems({ enviroment: "x" }, [])).toEqual([]);
});
