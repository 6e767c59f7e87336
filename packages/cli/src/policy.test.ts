import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnrollmentToken, type SignedBundle } from "@shipkeeper/protocol";
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

const GOOD = `policy: production
hosts: { environment: production }
rules:
  - restart: unhealthy
    after: 30s
    budget: { restarts: 5, per: 30m }
`;

function workspace(policy = GOOD) {
  const folder = temporaryFolder();
  const file = join(folder, "production.yaml");
  writeFileSync(file, policy);
  const keyFile = join(folder, "policy-key.pem");
  const fingerprint = keyFingerprint(createKeyFile(keyFile).publicKey);
  return { folder, file, keyFile, fingerprint };
}

/** Holds one revision and some hosts, and takes what is pushed. */
function collectorWithRevision(revision: number, hosts: readonly object[] = []) {
  const pushed: SignedBundle[] = [];
  const collector: FakeCollector = (call, body) => {
    if (call.startsWith("GET /api/v1/policies?"))
      return page(...(revision === 0 ? [] : [policyRevision(revision)]));
    if (call.startsWith("GET /api/v1/hosts?")) return page(...hosts);
    if (call !== "POST /api/v1/policies") throw new Error(`nobody should have asked ${call}`);
    pushed.push(body as SignedBundle);
    return {
      status: 201,
      body: { revision: revision + 1, keyFingerprint: "f", keyTrustedByThisPush: false },
    };
  };
  return { pushed, collector };
}

const host = (hostname: string) => ({
  id: "00000000-0000-4000-8000-000000000001",
  hostname,
  labels: { environment: "production" },
  state: "online",
  enrolledAt: NOW,
  agentVersion: "0.1.0",
  policyRevision: 0,
  containers: { total: 0, running: 0, unhealthy: 0 },
  images: { total: 0, bytes: 0 },
  volumes: { total: 0, bytes: 0 },
  gaps: 0,
  missingEntries: 0,
});

const policyRevision = (revision: number) => ({
  revision,
  policies: ["production"],
  issuedAt: NOW,
  expiresAt: NOW,
  pushedAt: NOW,
  pushedBy: "me",
  keyFingerprint: "f",
  current: true,
  rolloutState: "done",
  hosts: 0,
});

test("checking tells every mistake with its place, and closes the gate", async () => {
  const { folder, file } = workspace(GOOD.replace("after: 30s", "after: 30").replace("budget:", "budgt:"));

  const { code, err } = await runCommand(`policy check ${folder}`, unasked);

  expect(code).toBe(3);
  expect(err).toMatch(new RegExp(`${file}:5:\\d+: .*\\n${file}:6:\\d+: .*budgt`));
  expect((await runCommand(`policy check ${workspace().folder}`, unasked)).code).toBe(0);
});

test("what is checked is counted, and what is not there is said in a sentence", async () => {
  const { folder } = workspace();

  expect((await runCommand(`policy check ${folder}`, unasked)).out).toBe("1 policy, 1 rule, no mistake\n");
  expect(await runCommand(`policy check ${folder}/none`, unasked)).toMatchObject({
    code: 1,
    err: `there is no file or folder ${folder}/none to read policies from\n`,
  });
});

test("the help of sign tells the default span in days, and that the output is required", async () => {
  const { out } = await runCommand("policy sign --help", unasked);

  expect(out).toMatch(/--expires <duration> .*\(default:\s+90d\)/s);
  expect(out).toMatch(/--output <file> .*\(required\)/s);
});

test("the schema of policies is printed for editors, without a collector", async () => {
  const { code, out } = await runCommand("policy schema", unasked);

  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ title: "Shipkeeper policy", $defs: { rule: {} } });
});

test("pushing a folder checks it, signs it as the next revision, and sends it", async () => {
  const { folder, keyFile, fingerprint } = workspace();
  const { pushed, collector } = collectorWithRevision(7);

  const { code, out } = await runCommand(`policy push ${folder} --key ${keyFile} --expires 30d`, collector);

  const bundle = openBundle(pushed[0], [fingerprint]);
  expect([code, out]).toEqual([0, "revision 8 is in force as soon as the hosts fetch it\n"]);
  expect(bundle).toMatchObject({ revision: 8, issuedAt: NOW, expiresAt: NOW + 30 * 86_400_000 });
  expect(bundle.policies.map(({ name }) => name)).toEqual(["production"]);
});

test("the first push is revision 1", async () => {
  const { folder, keyFile, fingerprint } = workspace();
  const { pushed, collector } = collectorWithRevision(0);

  await runCommand(`policy push ${folder} --key ${keyFile}`, collector);

  expect(openBundle(pushed[0], [fingerprint]).revision).toBe(1);
});

test("a policy with a mistake is told before anybody is asked", async () => {
  const { folder, keyFile } = workspace("policy: x\n");

  const { code } = await runCommand(`policy push ${folder} --key ${keyFile}`, unasked);

  expect(code).toBe(3);
});

test("what was signed on one machine is pushed from another, byte for byte", async () => {
  const { folder, keyFile } = workspace();
  const bundleFile = join(folder, "bundle.json");
  const { pushed, collector } = collectorWithRevision(4);

  await runCommand(`policy sign ${folder} --key ${keyFile} --revision 5 -o ${bundleFile}`, unasked);
  const { code } = await runCommand(`policy push ${bundleFile}`, collector);

  expect(code).toBe(0);
  expect(pushed).toEqual([JSON.parse(readFileSync(bundleFile, "utf8"))]);
});

test("a policy that selects no host of the fleet is not pushed, unless that is meant", async () => {
  const { folder, file, keyFile } = workspace(GOOD.replace("environment:", "enviroment:"));
  const bundleFile = join(folder, "bundle.json");
  const { pushed, collector } = collectorWithRevision(4, [
    host("web-1"),
    { ...host("old"), state: "revoked" },
  ]);
  await runCommand(`policy sign ${folder} --key ${keyFile} --revision 5 -o ${bundleFile}`, unasked);

  const refusals = [
    await runCommand(`policy push ${folder} --key ${keyFile}`, collector),
    await runCommand(`policy push ${bundleFile}`, collector),
    await runCommand(`policy check ${folder} --fleet`, collector),
  ];
  const message = "hosts: selects no host: no host has the label enviroment, did you mean environment?\n";

  expect(refusals.map(({ code, err }) => [code, err])).toEqual([
    [3, `${file}:2:22: ${message}`],
    [3, `${bundleFile}:1:1: production: ${message}`],
    [3, `${file}:2:22: ${message}`],
  ]);
  expect(pushed).toEqual([]);
  expect((await runCommand(`policy push ${folder} --key ${keyFile} --allow-empty`, collector)).code).toBe(0);
});

test("a collector that refuses a bundle closes the gate, too", async () => {
  const { folder, keyFile } = workspace();

  const { code, err } = await runCommand(
    `policy push ${folder} --key ${keyFile} --revision 3 --allow-empty`,
    (call) =>
      call.startsWith("GET")
        ? page()
        : {
            status: 422,
            body: { title: "Refused", code: "bundle_refused", detail: "the key is not trusted here" },
          },
  );

  expect([code, err]).toEqual([3, expect.stringContaining("the key is not trusted here")]);
});

test("an enrolment token carries the fingerprint of the operator's key, which the collector never had a say in", async () => {
  const { keyFile, fingerprint } = workspace();
  const made = { id: "ab".repeat(8), secret: "cd".repeat(32), expiresAt: NOW + 900_000 };
  const asked: unknown[] = [];

  const { out } = await runCommand(
    `token create --policy-key ${keyFile} --label environment=production`,
    (call, body) => {
      asked.push(call, body);
      return { status: 201, body: made };
    },
  );

  expect(asked).toEqual(["POST /api/v1/enrollment-tokens", { labels: { environment: "production" } }]);
  expect(parseEnrollmentToken(out)).toEqual({
    id: made.id,
    secret: made.secret,
    policyKeyFingerprint: fingerprint,
  });
});

test("without a policy key no enrolment token is made, because the host would trust nobody", async () => {
  expect((await runCommand("token create", unasked)).code).toBe(2);
});

test("an API token needs a name and has the least role unless told otherwise", async () => {
  const bodies: unknown[] = [];

  const { out } = await runCommand("token create --api grafana --ttl 90d", (_call, body) => {
    bodies.push(body);
    return {
      body: { id: "1", name: "grafana", role: "reader", createdAt: NOW, createdBy: "me", token: "skt_1_2" },
    };
  });

  expect(bodies).toEqual([{ name: "grafana", role: "reader", ttl: "90d" }]);
  expect(out).toBe("skt_1_2\n");
});

test("a new key is readable by its owner alone, and never overwritten", async () => {
  const file = join(temporaryFolder(), "key.pem");

  const made = await runCommand(`key create ${file}`, unasked);
  const before = readFileSync(file);
  const again = await runCommand(`key create ${file}`, unasked);

  expect(made.out).toMatch(/public key {3}[0-9a-f]{64}\nfingerprint {2}[0-9a-f]{64}\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect([again.code, again.err]).toEqual([1, expect.stringContaining("a key is never overwritten")]);
  expect(readFileSync(file)).toEqual(before);
});

const STAGED = `${GOOD}rollout: { rings: [canary, 10%, all], bake: 10d }\n`;

test("a bundle that expires before its last ring gets it is not signed", async () => {
  const { folder, keyFile } = workspace(STAGED);
  const { pushed, collector } = collectorWithRevision(7);

  const { code, err } = await runCommand(`policy push ${folder} --key ${keyFile} --expires 20d`, collector);

  expect([code, pushed]).toEqual([2, []]);
  expect(err).toContain("its last ring may have it from 2030-02-20 06:00Z: use a longer --expires");
});

test("what is pushed at once says so to every host, signed", async () => {
  const { folder, keyFile, fingerprint } = workspace(STAGED);
  const { pushed, collector } = collectorWithRevision(7);

  await runCommand(`policy push ${folder} --key ${keyFile} --expires 20d --at-once`, collector);

  expect(openBundle(pushed[0], [fingerprint]).atOnce).toBe(true);
});

test("a ring that no host is in is told when a policy is pushed", async () => {
  const { folder, keyFile } = workspace(STAGED);
  const { pushed, collector } = collectorWithRevision(7, [host("web-1")]);
  const ring = (name: string, hosts: number) => ({
    name,
    hosts,
    bakeMs: 1,
    reached: true,
    inForce: 0,
    silent: 0,
  });
  const rollout = { state: "running", rings: [ring("canary", 1), ring("10%", 0), ring("all", 0)] };
  const asked: FakeCollector = (call, ...rest) => {
    if (call !== "GET /api/v1/policies/8") return collector(call, ...rest);
    const signed = pushed[0] as SignedBundle;
    return { body: { ...policyRevision(8), rollout, signed, bundle: JSON.parse(signed.payload) } };
  };

  const { code, out, err } = await runCommand(`policy push ${folder} --key ${keyFile}`, asked);

  expect([code, out]).toEqual([
    0,
    "revision 8 goes to ring canary first; `shipkeeper policy status` follows it\n",
  ]);
  expect(err).toBe("warning: no host is in ring 10%: nothing is tried out there\n");
});
