/** A collector without a port and a disk, and agents and people that talk to it by the same bytes as the real ones. */
import type { Clock } from "@shipkeeper/kit";
import type { HostId } from "@shipkeeper/model";
import { enrolmentText, type EnrolRequest, type Receipt, type Role } from "@shipkeeper/protocol";
import {
  createSigningKey,
  packFrame,
  silentLog,
  signRequest,
  type Logger,
  type SigningKey,
} from "@shipkeeper/runtime";
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from "fastify";
import { createAlerting } from "../alerts/alerting.ts";
import { buildApp } from "../app.ts";
import { createIngest } from "../ingest/ingest.ts";
import { policyNews } from "../policies/offer.ts";
import { rollOn } from "../policies/roll-on.ts";
import { openOrderDesk } from "../orders/order-desk.ts";
import { openPolicyDesk, type PolicyDesk } from "../policies/policy-desk.ts";
import { openPreviewDesk } from "../preview/preview-desk.ts";
import { gatherFacts } from "../reports/gather-facts.ts";
import { openStore, type Store } from "../store/store.ts";
import { NOW, status, uuid } from "./facts.ts";

export interface TestCollector {
  readonly app: FastifyInstance;
  readonly store: Store;
  readonly policyDesk: PolicyDesk;
  readonly clock: { now: number };
  /** One look at the newest rollout, as the collector takes every few seconds; true while there is something to look after. */
  rollOn(): boolean;
  /** One look whether there is something that people must know of, as the collector takes every few seconds. */
  lookForAlerts(): boolean;
  /** Asks as somebody with the role; `null` without any token. */
  ask(method: "GET" | "POST" | "DELETE", url: string, options?: AskOptions): Promise<LightMyRequestResponse>;
  /** Enrols a host with a token of its own. */
  enrolHost(name: string, labels?: Record<string, string>): Promise<TestAgent>;
  close(): Promise<void>;
}

export interface AskOptions {
  readonly role?: Role | null;
  readonly body?: object;
  readonly headers?: Record<string, string>;
}

export async function startTestCollector({
  configuredKeys = [],
  log = silentLog,
  file = ":memory:",
}: { configuredKeys?: readonly string[]; log?: Logger; file?: string } = {}): Promise<TestCollector> {
  const clock = { now: NOW };
  const now: Clock = () => clock.now;
  const store = openStore(file);
  const policyDesk = openPolicyDesk({ store, log, now, configuredKeys });
  const { trustedKeys, wakeAll } = policyDesk;
  const orderDesk = openOrderDesk({ store, log, trustedKeys, wake: wakeAll });
  const alerting = createAlerting(store);
  const ingest = createIngest({
    store,
    policyNews: (hostId, held, at) => policyNews(store, { hostId, held }, at),
    fleetNews: () => alerting.fleetNews(),
    log,
  });
  const reportMail = { sendNow: async () => [] };
  const previewDesk = openPreviewDesk({ store, now });
  const app = await buildApp({
    store,
    ingest,
    policyDesk,
    orderDesk,
    previewDesk,
    gather: (since, at) => gatherFacts(store, { since, now: at, isCollectorBackedUp: false }),
    reportMail,
    now,
    log,
    secure: false,
  });
  const tokens = new Map<Role, string>();
  const tokenOf = (role: Role) => {
    const token =
      tokens.get(role) ?? store.apiTokens.make({ name: role, role, createdBy: "test" }, now()).token;
    tokens.set(role, token);
    return token;
  };

  return {
    app,
    store,
    policyDesk,
    clock,
    lookForAlerts: () => alerting.look(now()),
    rollOn: () => rollOn({ store, policyDesk, now, log }),

    ask(method, url, { role = "admin", body, headers } = {}) {
      const authorization = role === null ? {} : { authorization: `Bearer ${tokenOf(role)}` };
      const payload = body === undefined ? {} : { payload: body };
      return app.inject({ method, url, headers: { ...authorization, ...headers }, ...payload });
    },

    async enrolHost(name, labels = { environment: "production" }) {
      const key = createSigningKey();
      const expiresAt = now() + 900_000;
      const token = store.enrollmentTokens.make({ labels: {}, createdBy: "test", expiresAt }, now());
      const body = enrolRequest({ key, token, hostname: name, labels, at: now() });
      const reply = await app.inject({ method: "POST", url: "/agent/v1/enroll", payload: body });
      return testAgent(app, { hostId: reply.json<{ hostId: HostId }>().hostId, key }, now);
    },

    async close() {
      policyDesk.close();
      await app.close();
      store.close();
    },
  };
}

export function enrolRequest(from: {
  key: SigningKey;
  token: { id: string; secret: string };
  hostname: string;
  labels: Record<string, string>;
  at: number;
}): EnrolRequest {
  const { key, token, hostname, labels, at: createdAt } = from;
  const unsigned = {
    tokenId: token.id,
    publicKey: key.publicKey,
    hostname,
    labels,
    agentVersion: "0.1.0",
    createdAt,
  };
  return { ...unsigned, secret: token.secret, signature: key.sign(enrolmentText(unsigned)) };
}

export interface BatchToSend {
  readonly epoch?: string;
  readonly after?: number;
  readonly entries: readonly { seq: number; body: unknown }[];
  readonly blobs?: readonly Uint8Array[];
}

export interface TestAgent {
  readonly hostId: HostId;
  readonly key: SigningKey;
  /** The request as it would travel, signed. */
  signed(method: "GET" | "POST", url: string, body?: Buffer, headers?: Record<string, string>): InjectOptions;
  send(batch: BatchToSend): Promise<LightMyRequestResponse>;
  /** From now on it says of itself that it goes by this revision. */
  hold(revision: number): Promise<Receipt>;
  /** Sends the entries as the next of the agent's own epoch. */
  tell(...bodies: unknown[]): Promise<Receipt>;
  poll(held: number, waitSeconds?: number, more?: string): Promise<LightMyRequestResponse>;
}

export function testAgent(
  app: FastifyInstance,
  { hostId, key }: { hostId: HostId; key: SigningKey },
  now: Clock,
): TestAgent {
  const ownEpoch = uuid(`epoch of ${hostId}`);
  let told = 0;
  let held = 0;

  const agent: TestAgent = {
    hostId,
    key,

    signed(method, url, body = Buffer.alloc(0), headers = {}) {
      const signature = signRequest({ method, target: url, body }, { hostId, key }, now());
      const payload = body.length === 0 ? {} : { payload: body };
      return { method, url, headers: { ...headers, ...signature }, ...payload };
    },

    send({ epoch = ownEpoch, after = 0, entries, blobs = [] }) {
      const head = { protocol: 1, epoch, after, status: status({ policyRevision: held }), entries };
      const { body, encoding } = packFrame({ head, blobs });
      const headers = { "content-type": "application/vnd.shipkeeper.batch", "content-encoding": encoding };
      return app.inject(agent.signed("POST", "/agent/v1/batches", body, headers));
    },

    async hold(revision) {
      held = revision;
      return agent.tell();
    },

    async tell(...bodies) {
      const after = told;
      const entries = bodies.map((body, index) => ({ seq: after + index + 1, body }));
      told += bodies.length;
      const reply = await agent.send({ after, entries });
      return reply.json<Receipt>();
    },

    poll: (held, waitSeconds = 0, more = "") =>
      app.inject(agent.signed("GET", `/agent/v1/policy?held=${held}&wait=${waitSeconds}${more}`)),
  };
  return agent;
}
