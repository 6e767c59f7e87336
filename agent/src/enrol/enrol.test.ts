import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  enrolRequestSchema,
  enrolmentText,
  type EnrolRequest,
  type EnrollmentToken,
  type KnownEntry,
} from "@shipkeeper/protocol";
import { silentLog, verifySignature } from "@shipkeeper/runtime";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startEnrolling } from "./enrol.ts";
import { IdentityNotUsable, hostKey, readIdentity, type Identity } from "./identity.ts";

const HOST_ID = "00000000-0000-4000-8000-000000000001";
const TOKEN: EnrollmentToken = {
  id: "0123456789abcdef",
  secret: "5ec2e7".padEnd(64, "0"),
  policyKeyFingerprint: "f1".repeat(32),
};

vi.setConfig({ testTimeout: 30_000 });

let stateDir: string;
let cleanUp: (() => Promise<void> | void)[];

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "enrol-"));
  cleanUp = [() => rmSync(stateDir, { recursive: true })];
});
afterEach(async () => {
  for (const step of cleanUp.toReversed()) await step();
});

type Scene = (answer: ServerResponse) => void;
const accept: Scene = (answer) => answer.end(JSON.stringify({ hostId: HOST_ID, serverTime: 1 }));
const answering =
  (status: number, body = "{}"): Scene =>
  (answer) =>
    answer.writeHead(status).end(body);

async function startCollector(...scenes: Scene[]) {
  const requests: EnrolRequest[] = [];
  const server = createServer((request, answer) => {
    void readAll(request).then((text) => {
      requests.push(enrolRequestSchema.parse(JSON.parse(text)));
      scenes[Math.min(requests.length, scenes.length) - 1]?.(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanUp.push(() => void server.close());
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), requests };
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function enrolAt(collector: URL, token = TOKEN) {
  const enrolled: Identity[] = [];
  const reported: KnownEntry[] = [];
  const service = startEnrolling({
    collector,
    token,
    key: hostKey(stateDir),
    stateDir,
    hostname: "web-1",
    labels: { environment: "production" },
    agentVersion: "0.1.0",
    clock: () => 5,
    log: silentLog,
    enrolled: (identity) => enrolled.push(identity),
    report: (entry) => reported.push(entry),
    backoff: { firstMs: 1, mostMs: 5 },
  });
  cleanUp.push(() => service.stop());
  return { enrolled, reported };
}

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 20_000, interval: 5 });

test("the host proves its key, learns its id, and pins the policy key that the token named", async () => {
  const { url, requests } = await startCollector(accept);
  const { enrolled } = enrolAt(url);
  await until(() => enrolled.length === 1);

  const expected = { hostId: HOST_ID, policyKeys: [TOKEN.policyKeyFingerprint], enrolledAt: 5 };
  expect(readIdentity(stateDir)).toEqual(expected);
  const [request] = requests;
  expect(request).toMatchObject({ hostname: "web-1", labels: { environment: "production" } });
  expect(verifySignature(enrolmentText(request!), request!.signature, hostKey(stateDir).publicKey)).toBe(
    true,
  );
});

test("after a lost reply the same key and token are sent again", async () => {
  const { url, requests } = await startCollector((answer) => answer.destroy(), accept);
  const { enrolled } = enrolAt(url);
  await until(() => enrolled.length === 1);

  expect(new Set(requests.map(({ publicKey, tokenId }) => `${publicKey} ${tokenId}`)).size).toBe(1);
});

test.each([
  ["the collector is busy", answering(503)],
  ["a captive portal answers", answering(200, "<html>")],
])("when %s it tries again", async (_name, scene) => {
  const { url } = await startCollector(scene, scene, accept);
  const { enrolled } = enrolAt(url);
  await until(() => enrolled.length === 1);

  expect(enrolled[0]?.hostId).toBe(HOST_ID);
});

test("a host whose clock is wrong signs by the collector's", async () => {
  const skewed: Scene = (answer) =>
    answer.writeHead(401, { date: "Thu, 01 Jan 1970 02:00:00 GMT" }).end("{}");
  const { url, requests } = await startCollector(skewed, accept);
  const { enrolled } = enrolAt(url);
  await until(() => enrolled.length === 1);

  expect(requests.map(({ createdAt }) => createdAt)).toEqual([5, 7_200_000]);
});

test("a refusal is not stormed against, and nothing is written down", async () => {
  const { url, requests } = await startCollector(answering(403));
  const { enrolled } = enrolAt(url);
  await until(() => requests.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 60)); // a dozen of its back-offs

  expect({ requests: requests.length, enrolled }).toEqual({ requests: 1, enrolled: [] });
  expect(readIdentity(stateDir)).toBeUndefined();
});

test("a token that names no policy key enrols a host that believes no policy, and says so", async () => {
  const { url } = await startCollector(accept);
  const { enrolled, reported } = enrolAt(url, { ...TOKEN, policyKeyFingerprint: undefined });
  await until(() => enrolled.length === 1);

  expect(readIdentity(stateDir)?.policyKeys).toEqual([]);
  expect(reported).toMatchObject([{ kind: "trouble", code: "no_policy_key" }]);
});

test("key and identity are for their owner's eyes", async () => {
  const { url } = await startCollector(accept);
  const { enrolled } = enrolAt(url);
  await until(() => enrolled.length === 1);

  const modes = ["host.key", "identity.json"].map((name) => statSync(join(stateDir, name)).mode & 0o777);
  expect(modes).toEqual([0o600, 0o600]);
  expect(readFileSync(join(stateDir, "identity.json"), "utf8")).not.toContain(TOKEN.secret);
});

test("an identity that cannot be read stops the agent: it never enrols anew by accident", () => {
  writeFileSync(join(stateDir, "identity.json"), "{");

  expect(() => readIdentity(stateDir)).toThrow(IdentityNotUsable);
});
