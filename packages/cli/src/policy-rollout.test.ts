import { expect, test } from "vitest";
import type { ApiPolicyDetail, ApiRollout } from "@shipkeeper/protocol";
import { NOW, page, runCommand } from "./testing/run-command.ts";

const ring = (name: string, facts: Partial<ApiRollout["rings"][number]> = {}) => ({
  name,
  bakeMs: 3_600_000,
  reached: true,
  hosts: 1,
  inForce: 1,
  silent: 0,
  ...facts,
});

const RUNNING: ApiRollout = {
  state: "running",
  rings: [ring("canary"), ring("all", { reached: false, hosts: 41, inForce: 0, silent: 2 })],
  waitsFor: "ring canary bakes for 20 minutes more",
};
const HALTED: ApiRollout = {
  ...RUNNING,
  state: "halted",
  halted: { at: NOW, by: "the rollout itself", reasons: ["web-1 lost 5 of its 12 images (limit 20%)"] },
};

const revision = (number: number, rollout: ApiRollout) => ({
  revision: number,
  policies: ["production"],
  issuedAt: NOW,
  expiresAt: NOW,
  pushedAt: NOW,
  pushedBy: "alice",
  keyFingerprint: "f",
  current: rollout.state !== "halted",
  rolloutState: rollout.state,
  hosts: 1,
});
const detail = (number: number, rollout: ApiRollout): ApiPolicyDetail => ({
  ...revision(number, rollout),
  bundle: { format: 1, revision: number, issuedAt: NOW, expiresAt: NOW, policies: [] },
  signed: { payload: "{}", publicKey: "0".repeat(64), signature: "0".repeat(128) },
  rollout,
});

const collector = (rollout: ApiRollout) => (call: string) =>
  call.startsWith("GET /api/v1/policies?") ? page(revision(14, rollout)) : { body: detail(14, rollout) };

test("status tells what a rollout waits for, ring by ring", async () => {
  const { out } = await runCommand("policy status", collector(RUNNING));

  expect(out).toBe(`revision 14, pushed 2030-01-31 06:00Z by alice: running
goes on when: ring canary bakes for 20 minutes more

ring\tmay have it\thosts\tin force\tsilent\tbakes
canary\tyes\t1\t1\t0\t1 hour
all\tnot yet\t41\t0\t2\t1 hour
`);
});

test("status of a named revision asks for that one, and --json is for programs", async () => {
  const { out, calls } = await runCommand("policy status 14 --json", collector(HALTED));

  expect(calls).toEqual(["GET /api/v1/policies/14"]);
  expect(JSON.parse(out)).toEqual({ revision: 14, ...HALTED });
});

test("halting says why, and shows what it came to", async () => {
  const bodies: unknown[] = [];

  const { out, calls } = await runCommand("policy halt --reason wrong-volume", (call, body) => {
    if (body !== undefined) bodies.push(body);
    return collector(HALTED)(call);
  });

  expect([calls.at(-1), bodies]).toEqual(["POST /api/v1/policies/14/halt", [{ reason: "wrong-volume" }]]);
  expect(out).toContain("by the rollout itself:\n  web-1 lost 5 of its 12 images (limit 20%)\n");
  expect((await runCommand("policy halt", collector(HALTED))).code).toBe(2);
});

test("without any policy there is nothing to halt", async () => {
  expect((await runCommand("policy halt --reason x", () => page())).code).toBe(2);
});

test("history lists every revision with its rollout", async () => {
  const { out } = await runCommand("policy history", () =>
    page(revision(14, RUNNING), revision(13, { ...RUNNING, state: "done" })),
  );

  expect(out.split("\n")[1]).toBe("14\t2030-01-31 06:00Z\talice\tproduction\t1\trunning, in force");
});
