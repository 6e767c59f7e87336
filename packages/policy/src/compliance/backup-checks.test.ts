import { DAY_MS, days, HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import type { Proof } from "../dataset/proof.ts";
import { guardrailsSchema } from "../guardrails.ts";
import type { PointFact } from "../objectives/agreement.ts";
import { judge, policyWith, told } from "../testing/judged.ts";
import { mounting, NOW } from "../testing/world.ts";
import type { BackupsToJudge } from "./host-view.ts";

const DATA = "backup: db, mode: enforce, rpo: 1h, to: [local], select: { volumes: [data] }";
const policy = (check: string, rule = DATA, more = "") =>
  policyWith(`backups: { require: [${check}] }\nrules: [{ ${rule} }]\n${more}`);

const point = (agoMs: number, id = "a"): PointFact => ({
  id,
  dataset: "volume:data",
  repository: "local",
  at: NOW - agoMs,
  bytes: 1,
});
const proof = (level: Proof["level"], agoMs: number, facts: Partial<Proof> = {}): Proof => ({
  level,
  at: NOW - agoMs,
  repository: "local",
  passed: true,
  ...(["structure", "bytes"].includes(level) ? {} : { dataset: "volume:data" }),
  ...facts,
});
const backups = (points: PointFact[] = [], proofs: Proof[] = []): BackupsToJudge => ({
  hostLabels: { environment: "production", hostname: "web-1" },
  guardrails: guardrailsSchema.parse({}),
  repositories: ["local"],
  self: [],
  points,
  proofs,
});

/** What is said of the one volume. */
function ofData(check: string, points: PointFact[], proofs: Proof[], rule = DATA): string {
  const judged = judge(
    policy(check, rule),
    { volumes: [plainVolume("data")] },
    { backups: backups(points, proofs) },
  );
  const { found, passed } = told(judged);
  return found["data"] ?? passed;
}

test("data that no rule backs up is a finding for each volume and folder, unless it is waived", () => {
  const waiver = `waivers: [{ finding: uncovered, match: { volume: old }, reason: r, owner: o, until: 2030-06-30 }]
coverage: [{ binds: [/opt/*], reason: scratch, until: 2030-06-30 }]`;
  const web = mounting("web", ["data", "/srv/app", "/opt/x", "/run/x.sock"]);
  const volumes = [plainVolume("data"), plainVolume("old"), plainVolume("lost", { users: [web.id] })];

  const judged = judge(
    policy("coverage", DATA, waiver),
    { volumes, containers: [web] },
    { backups: backups() },
  );

  expect(told(judged)).toEqual({
    found: {
      "bind:/srv/app": "uncovered: used by web, and no rule backs it up",
      lost: "uncovered: used by web, and no rule backs it up",
      old: "uncovered: used by nobody, and no rule backs it up",
    },
    passed: "3 of 5",
  });
  expect(judged.findings.map(({ subject, waived }) => [subject.type, waived?.reason])).toEqual([
    ["dataset", undefined],
    ["volume", undefined],
    ["volume", "r"],
  ]);
});

test("what a rule means and cannot have is uncovered, and the finding says why", () => {
  const stops = `${DATA}, consistency: { hook: pg }`;

  expect(ofData("coverage", [], [], stops)).toBe(
    "uncovered: used by nobody, production/db: this host knows no hook pg",
  );
});

test("data is not judged while the host did not tell what it is allowed, and what was found stays", () => {
  const judged = judge(policy("coverage, rpo"), { volumes: [plainVolume("data")] });

  expect(judged.findings).toEqual([]);
  expect(judged.skipped.map(({ check }) => check)).toEqual(["uncovered", "rpo-broken"]);
});

test("the rpo is kept by verified restore points alone", () => {
  const sound = [proof("structure", HOUR_MS), proof("listed", 0, { restorePoint: "a" })];

  expect(ofData("rpo", [point(HOUR_MS)], sound)).toBe("1 of 1");
  expect(ofData("rpo", [point(61 * MINUTE_MS)], sound)).toBe(
    "rpo-broken: the last verified restore point is 61 minutes old (production/db allows 1 hour)",
  );
  expect(ofData("rpo", [], [])).toBe("rpo-broken: no restore point (production/db allows 1 hour)");
  expect(ofData("rpo", [point(0)], [])).toBe("0 of 0");
  expect(ofData("rpo", [], [], DATA.replace("rpo: 1h", "every: 1h"))).toBe("0 of 0");
});

test("a repository that was found bad, or that nobody looks through any more, is unverified", () => {
  const young = [point(0)];
  const old = [point(days(9))];

  expect(ofData("verification", young, [])).toBe("1 of 1");
  expect(ofData("verification", old, [])).toBe("unverified: local was never looked through");
  expect(ofData("verification", [], [])).toBe("0 of 0");
  expect(ofData("verification", old, [proof("structure", 2 * DAY_MS)])).toBe("1 of 1");
  expect(ofData("verification", old, [proof("structure", 2 * DAY_MS + 1)])).toBe(
    "unverified: structure of local last proven 2 days ago (limit 2 days)",
  );
  const flipped = proof("bytes", 0, { passed: false, message: "pack 3f: hash differs" });
  expect(ofData("verification", old, [proof("structure", 0), flipped])).toBe(
    "unverified: local was found bad (bytes): pack 3f: hash differs",
  );
});

test("a restore has to be tried: within the rule's time, with success, and by a rule that asks for it", () => {
  const drilled = `${DATA}, drill: { every: 7d }`;
  const old = [point(days(9))];
  const failure = proof("drill", HOUR_MS, { passed: false, message: "no answer on port 5432" });

  expect(ofData("drills", old, [])).toBe("undrilled: production/db asks for no drills");
  expect(ofData("drills", old, [], drilled)).toBe(
    "undrilled: never restored for a try (production/db wants it every 7 days)",
  );
  expect(ofData("drills", [point(DAY_MS)], [], drilled)).toBe("0 of 0");
  expect(ofData("drills", old, [proof("drill", days(7))], drilled)).toBe("1 of 1");
  expect(ofData("drills", old, [proof("drill", days(8))], drilled)).toBe(
    "undrilled: last restored for a try 8 days ago (production/db wants it every 7 days)",
  );
  expect(ofData("drills", old, [proof("drill", DAY_MS), failure], drilled)).toBe(
    "undrilled: the last drill failed 1 hour ago: no answer on port 5432",
  );
});

test("whoever backs up is held to all of it, unless the policy says otherwise", () => {
  const checksOf = (keys: string) => policyWith(keys).checks.map(({ check }) => check);

  expect(checksOf(`rules: [{ ${DATA} }]`)).toEqual(["uncovered", "rpo-broken", "unverified", "undrilled"]);
  expect(checksOf(`backups: { require: [drills] }\nrules: [{ ${DATA} }]`)).toEqual(["undrilled"]);
  expect(checksOf(`backups: { require: [] }\nrules: [{ ${DATA} }]`)).toEqual([]);
  expect(checksOf("rules: [{ restart: sick }]")).toEqual([]);
  expect(checksOf("backups: { require: [coverage] }")).toEqual(["uncovered"]);
});

test("a host that nobody rebuilt elsewhere in time, or in vain, is a finding where it is to be tried", () => {
  const wanted = policyWith(
    "rules: [{ rebuild: elsewhere, mode: enforce, host: db-1, drill: { every: 90d } }]",
  );
  const rebuilt = (agoMs: number, facts: Partial<Proof> = {}) =>
    proof("drill", agoMs, { repository: "offsite", dataset: "host:db-1", ...facts });
  const ofHost = (proofs: Proof[]) => {
    const { found, passed } = told(judge(wanted, {}, { backups: backups([], proofs) }));
    return found["db-1"] ?? passed;
  };

  expect(ofHost([])).toBe(
    "host-undrilled: never rebuilt for a try (production/elsewhere wants it every 90 days)",
  );
  expect(ofHost([rebuilt(98 * DAY_MS)])).toBe("1 of 1");
  expect(ofHost([rebuilt(100 * DAY_MS)])).toMatch(/^host-undrilled: last rebuilt for a try 100 days ago/);
  expect(ofHost([rebuilt(DAY_MS), rebuilt(HOUR_MS, { passed: false, message: "no data" })])).toBe(
    "host-undrilled: rebuilding it failed 1 hour ago: no data",
  );
  expect(
    ofHost([rebuilt(0, { dataset: "host:configuration" }), rebuilt(0, { repository: "local" })]),
  ).toMatch(/never rebuilt/);
  expect(judge(wanted, {}).skipped).toMatchObject([{ check: "host-undrilled" }]);
});
