import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileBundle, parsePolicy } from "@shipkeeper/policy";
import type { SignedBundle } from "@shipkeeper/protocol";
import { createKeyFile, keyFingerprint, openBundle } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import {
  NOW,
  page,
  runCommand,
  temporaryFolder,
  unasked,
  type FakeCollector,
} from "./testing/run-command.ts";

const policy = (unusedFor: string) => `policy: production
hosts: { environment: production }
rules:
  - { prune: host-cache, every: 6h, images: { unusedFor: ${unusedFor} } }
`;

/** A collector with these revisions, oldest first, and what is pushed to it. */
function collectorWith(revisions: { unusedFor: string; state: string; keys?: string[] }[]) {
  const pushed: SignedBundle[] = [];
  const inForce = revisions.findLastIndex(({ state }) => state !== "halted") + 1;
  const known = revisions.map(({ unusedFor, state: rolloutState, keys }, index) => {
    const revision = index + 1;
    const { policies } = parsePolicy([{ file: "p.yaml", text: policy(unusedFor) }], { now: NOW });
    const bundle = compileBundle(policies, { revision, issuedAt: NOW - 2, expiresAt: NOW - 1, keys });
    const head = {
      revision,
      policies: ["production"],
      issuedAt: NOW,
      expiresAt: NOW,
      pushedAt: NOW,
      pushedBy: "me",
    };
    const about = { keyFingerprint: "f", keys, current: revision === inForce, rolloutState, hosts: 1 };
    const signed = { payload: "", publicKey: "0".repeat(64), signature: "0".repeat(128) };
    return { ...head, ...about, bundle, signed, rollout: { state: rolloutState, rings: [] } };
  });
  const collector: FakeCollector = (call, body) => {
    if (call.startsWith("GET /api/v1/policies?")) return page(...known.toReversed());
    if (call.startsWith("GET /api/v1/hosts?")) return page();
    if (call.startsWith("GET ")) return { body: known[Number(call.split("/").at(-1)) - 1] };
    pushed.push(body as SignedBundle);
    return {
      status: 201,
      body: { revision: known.length + 1, keyFingerprint: "f", keyTrustedByThisPush: false },
    };
  };
  return { collector, pushed };
}

function workspace(unusedFor = "7d") {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "production.yaml"), policy(unusedFor));
  const key = (name: string) => {
    const file = join(folder, name);
    return { file, fingerprint: keyFingerprint(createKeyFile(file).publicKey) };
  };
  return { folder, old: key("old.pem"), young: key("young.pem") };
}

const CHANGE = "~ rule production/host-cache: images.unusedFor 14d → 7d";

test("diff tells what a folder would change in the policy in force, not in a halted one", async () => {
  const { folder } = workspace();
  const { collector } = collectorWith([
    { unusedFor: "14d", state: "done" },
    { unusedFor: "7d", state: "halted" },
  ]);

  expect(await runCommand(`policy diff ${folder}`, collector)).toMatchObject({ code: 0, out: `${CHANGE}\n` });
  expect((await runCommand(`policy diff ${folder} --exit-code`, collector)).code).toBe(1);
  expect((await runCommand(`policy diff ${folder} --revision 2 --exit-code`, collector)).code).toBe(0);
  expect(JSON.parse((await runCommand(`policy diff ${folder} --json`, collector)).out)).toEqual([
    {
      change: "changed",
      policy: "production",
      rule: "host-cache",
      key: "images.unusedFor",
      before: "14d",
      after: "7d",
    },
  ]);
});

test("where no policy is in force everything is new", async () => {
  const { folder } = workspace();

  const { out } = await runCommand(`policy diff ${folder}`, collectorWith([]).collector);

  expect(out).toBe("+ policy production\n+ rule production/host-cache\n");
});

test("rollback signs the content of the last good revision as the next one, for all at once", async () => {
  const { old } = workspace();
  const { collector, pushed } = collectorWith([
    { unusedFor: "14d", state: "done" },
    { unusedFor: "3d", state: "superseded" },
    { unusedFor: "7d", state: "halted" },
  ]);

  const { out } = await runCommand(`policy rollback --key ${old.file}`, collector);

  const bundle = openBundle(pushed[0], [old.fingerprint]);
  expect(bundle).toMatchObject({ revision: 4, issuedAt: NOW, atOnce: true });
  expect(bundle.policies[0]?.rules[0]?.spec).toMatchObject({ images: { unusedFor: "14d" } });
  expect(out).toMatch(/^back to the content of revision 1:\n~ .* 7d → 14d\nrevision 4 /);
});

test("rollback names its revision, may go by rings, and may only tell", async () => {
  const { old } = workspace();
  const { collector, pushed } = collectorWith([
    { unusedFor: "14d", state: "done" },
    { unusedFor: "3d", state: "superseded" },
    { unusedFor: "7d", state: "done" },
  ]);

  await runCommand(`policy rollback --to 2 --dry-run`, collector);
  expect(pushed).toEqual([]);
  await runCommand(`policy rollback --to 2 --staged --key ${old.file}`, collector);
  const bundle = openBundle(pushed[0], [old.fingerprint]);
  expect([bundle.atOnce, bundle.policies[0]?.rules[0]?.spec]).toEqual([
    undefined,
    expect.objectContaining({ images: expect.objectContaining({ unusedFor: "3d" }) as unknown }),
  ]);
  const nothing = collectorWith([{ unusedFor: "7d", state: "done" }]);
  expect((await runCommand(`policy rollback --key ${old.file}`, nothing.collector)).code).toBe(2);
});

test("a push lists the keys that it introduces, and later ones go on with them", async () => {
  const { folder, old, young } = workspace();
  const keys = [old.fingerprint, young.fingerprint];
  const first = collectorWith([{ unusedFor: "14d", state: "done" }]);
  const push = `policy push ${folder} --allow-empty --key ${old.file}`;

  await runCommand(`${push} --keys ${old.file} ${young.fingerprint}`, first.collector);
  expect(openBundle(first.pushed[0], [old.fingerprint]).keys).toEqual(keys);

  const second = collectorWith([{ unusedFor: "14d", state: "done", keys }]);
  await runCommand(push, second.collector);
  expect(openBundle(second.pushed[0], [old.fingerprint]).keys).toEqual(keys);
});

test("keys without the one that signs, and what is no key, are refused before anything is signed", async () => {
  const { folder, old, young } = workspace();
  const sign = `policy sign ${folder} -o ${join(folder, "b.json")} --key ${old.file} --keys`;

  const without = await runCommand(`${sign} ${young.file}`, unasked);
  const noKey = await runCommand(`${sign} ${old.file} nonsense`, unasked);

  expect([without.code, noKey.code]).toEqual([2, 2]);
  expect(without.err).toContain(old.fingerprint);
  expect(noKey.err).toContain("nonsense is neither a key file nor a fingerprint");
});

test("key show tells the fingerprint of a key file", async () => {
  const { old } = workspace();

  expect((await runCommand(`key show ${old.file}`, unasked)).out).toContain(
    `fingerprint  ${old.fingerprint}\n`,
  );
});
