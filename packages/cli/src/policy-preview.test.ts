import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { HostId } from "@shipkeeper/model";
import type { PolicyPreview } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { NOW, runCommand, temporaryFolder, unasked, type FakeCollector } from "./testing/run-command.ts";

const POLICY = `policy: production
hosts: { environment: production }
rules:
  - prune: cache
    mode: enforce
    schedule: "0 3 * * *"
    images: { unusedFor: 14d }
`;

function policies(text = POLICY): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "production.yaml"), text);
  return folder;
}

const ID = "5d0c1f0e-0000-4000-8000-000000000001" as HostId;
const TARGET = { type: "image", id: "sha256:1", name: "pay-web:1", owner: "payments" } as const;
const NAMED = { policy: "production", rule: "cache", kind: "prune" };
const TALLY: PolicyPreview["tally"] = {
  acts: [{ decision: "remove", type: "image", count: 3, bytes: 1.2e9 }],
  observes: [],
  kept: [{ kind: "prune", decision: "keep", why: "in-use", count: 7, example: "shop:1: used by shop" }],
};
const CHANGES = { newly: { count: 2, bytes: 1e9 }, noLonger: { count: 1, bytes: 2e8 } };
const ITEM = {
  ...NAMED,
  hostId: ID,
  host: "web-1",
  mode: "enforce",
  target: TARGET,
  decision: "remove",
  bytes: 1e9,
  explanation: "unused for 90 days (limit 14 days), owner payments",
} as const;

const PREVIEW: PolicyPreview = {
  at: NOW,
  inForce: 14,
  warnings: [{ code: "removes-much", message: "removes 30 % of the images of web-1: 3 of 10" }],
  hosts: {
    known: 2,
    judged: 1,
    selected: 1,
    acting: 1,
    notJudged: [{ hostId: ID, host: "web-2", why: "it has not sent an inventory yet" }],
    items: [
      {
        hostId: ID,
        host: "web-1",
        policies: ["production"],
        inventoryAt: NOW,
        holds: { containers: 4, images: 10, volumes: 0 },
        tally: TALLY,
        changes: CHANGES,
        score: { before: 70, after: 90 },
        waiting: [],
      },
    ],
  },
  holds: { containers: 4, images: 10, volumes: 0 },
  tally: TALLY,
  tallyInForce: { acts: [], observes: [], kept: [] },
  changes: { ...CHANGES, items: [{ change: "newly", ...ITEM }] },
  compliance: {
    score: { before: 70, after: 90 },
    opens: 0,
    closes: 1,
    items: [
      {
        change: "closes",
        hostId: ID,
        host: "web-1",
        policy: "production",
        check: "image-too-old",
        severity: "medium",
        subject: TARGET,
        explanation: "built 90 days ago (limit 60 days)",
      },
    ],
  },
  rules: [{ ...NAMED, inCandidate: true, hosts: 1, tally: TALLY, changes: CHANGES }],
  owners: [{ owner: "payments", tally: TALLY, changes: CHANGES, score: { after: 90 }, items: [ITEM] }],
};

const answering =
  (preview: PolicyPreview): FakeCollector =>
  () => ({ body: preview });

test("a preview tells what is known, what to heed, what would be done, and what that changes", async () => {
  const { code, out, calls } = await runCommand(`policy preview ${policies()}`, answering(PREVIEW));

  expect([code, calls]).toEqual([0, ["POST /api/v1/policies/preview?limit=20"]]);
  await expect(out).toMatchFileSnapshot("./golden/policy-preview.txt");
});

test("what is sent are the compiled policies, and what is asked for narrows the answer", async () => {
  const sent: unknown[] = [];

  const { calls, out } = await runCommand(
    `policy preview ${policies()} --host web-1 --owner payments --limit 5`,
    (_call, body) => {
      sent.push(body);
      return { body: PREVIEW };
    },
  );

  expect(calls).toEqual(["POST /api/v1/policies/preview?host=web-1&owner=payments&limit=5"]);
  expect(out).toContain(
    "\nhost\tdoes\twhat\tsize\tbecause\nweb-1\tremove\tpay-web:1\t1 GB\tunused for 90 days",
  );
  expect(sent).toMatchObject([
    { policies: [{ name: "production", rules: [{ name: "cache", mode: "enforce" }] }] },
  ]);
});

test("the explained round of one host is the one that its agent would log", async () => {
  const verdict = { target: TARGET, decision: "remove", reason: { why: "dangling" }, bytes: 1e9 };
  const round = {
    id: ID as never,
    at: NOW,
    revision: 15,
    planned: [{ ...NAMED, mode: "enforce" as const, verdicts: [verdict] }],
    waiting: [],
  };

  const { out, calls } = await runCommand(
    `policy preview ${policies()} --explain web-1`,
    answering({ ...PREVIEW, round }),
  );

  expect(calls).toEqual(["POST /api/v1/policies/preview?host=web-1&explain=true&limit=20"]);
  expect(out).toMatch(
    /^round 2030-01-31 06:00Z on web-1, policy production r15 \(enforce\)\n {2}prune cache/,
  );
  expect(out).toMatch(/ {4}remove {2}pay-web:1 /);
});

test("a gate closes where more than its share of the images would go", async () => {
  const folder = policies();

  const closed = await runCommand(`policy preview ${folder} --fail-over 20%`, answering(PREVIEW));
  const open = await runCommand(`policy preview ${folder} --fail-over 30%`, answering(PREVIEW));

  expect([closed.code, closed.err]).toEqual([
    3,
    "3 of 10 images would be removed: 30 %, and 20 % is the limit\n",
  ]);
  expect(open.code).toBe(0);
});

test("mistakes are told before anybody is asked, and JSON is the answer as it came", async () => {
  const wrong = await runCommand(`policy preview ${policies(POLICY.replace("14d", "14"))}`, unasked);
  const json = await runCommand(`policy preview ${policies()} --json`, answering(PREVIEW));

  expect([wrong.code, wrong.err]).toEqual([3, expect.stringContaining("production.yaml:7:")]);
  expect(JSON.parse(json.out)).toEqual(PREVIEW);
});
