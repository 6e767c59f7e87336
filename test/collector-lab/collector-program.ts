/** The collector as a program of its own that a test starts, kills and asks, and a host that floods it with events. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { waitUntil } from "@shipkeeper/lab";
import { hostIdSchema, type HostId } from "@shipkeeper/model";
import { enrolmentText, receiptSchema, type Receipt } from "@shipkeeper/protocol";
import { createSigningKey, httpRequest, packFrame, signRequest, type SigningKey } from "@shipkeeper/runtime";

export const COLLECTOR_MAIN = join(import.meta.dirname, "../../collector/src/main.ts");
const EPOCH = "00000000-0000-4000-8000-0000000000ee";
const STARTING_MS = 30_000;

export interface EnrolledHost {
  readonly hostId: HostId;
  readonly key: SigningKey;
}

export interface CollectorProgram {
  readonly url: string;
  /** Resolves when it is ready. */
  start(): Promise<ChildProcess>;
  /** Any program of the collector's with the same environment. */
  run(args: readonly string[]): ChildProcess;
  ask(method: "GET" | "POST", path: string, body?: object): Promise<{ status: number; json(): unknown }>;
  enrolHost(): Promise<EnrolledHost>;
  sendEvents(host: EnrolledHost, after: number, count: number): Promise<Receipt>;
  /** Events that it stores. */
  countEvents(): Promise<number>;
  /** Ends all that was started. */
  close(): void;
}

/** Its database lies in the folder. */
export async function collectorProgram(
  dataDir: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<CollectorProgram> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const programs: ChildProcess[] = [];

  function run(args: readonly string[]): ChildProcess {
    const own = { SHIPKEEPER_DATA_DIR: dataDir, SHIPKEEPER_LISTEN: url.slice("http://".length) };
    const env = { ...process.env, ...environment, ...own };
    const program = spawn(process.execPath, [COLLECTOR_MAIN, ...args], { env, stdio: "ignore" });
    programs.push(program);
    return program;
  }

  async function ask(method: "GET" | "POST", path: string, body?: object) {
    const token = path.startsWith("/api/") ? readFileSync(join(dataDir, "admin.token"), "utf8").trim() : "";
    const headers = {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    };
    const answer = await httpRequest({
      url: new URL(path, url),
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      deadlineMs: 10_000,
    });
    return { status: answer.status, json: () => JSON.parse(answer.body.toString()) as unknown };
  }

  return {
    url,
    run,
    ask,

    async start() {
      const program = run([]);
      await waitUntil(async () => (await ask("GET", "/health/ready")).status === 200, {
        what: "the collector to be ready",
        deadlineMs: STARTING_MS,
      });
      return program;
    },

    async enrolHost() {
      const key = createSigningKey();
      const token = (await ask("POST", "/api/v1/enrollment-tokens", {})).json() as {
        id: string;
        secret: string;
      };
      const unsigned = {
        tokenId: token.id,
        publicKey: key.publicKey,
        hostname: "web-1",
        labels: {},
        agentVersion: "0.1.0",
        createdAt: Date.now(),
      };
      const request = { ...unsigned, secret: token.secret, signature: key.sign(enrolmentText(unsigned)) };
      const reply = (await ask("POST", "/agent/v1/enroll", request)).json() as { hostId: string };
      return { hostId: hostIdSchema.parse(reply.hostId), key };
    },

    async sendEvents(host, after, count) {
      const event = { kind: "event", at: Date.now(), what: "died", facts: {} };
      const entries = Array.from({ length: count }, (_, index) => ({ seq: after + index + 1, body: event }));
      const status = {
        version: "0.1.0",
        startedAt: 0,
        policyRevision: 0,
        guardrails: { state: "absent" },
        outbox: { entries: 0, bytes: 0 },
        sampling: "off",
        capabilities: [],
      };
      const { body, encoding } = packFrame({
        head: { protocol: 1, epoch: EPOCH, after, status, entries },
        blobs: [],
      });
      const target = "/agent/v1/batches";
      const answer = await httpRequest({
        url: new URL(target, url),
        method: "POST",
        headers: {
          "content-type": "application/vnd.shipkeeper.batch",
          "content-encoding": encoding,
          ...signRequest({ method: "POST", target, body }, host, Date.now()),
        },
        body,
        deadlineMs: 10_000,
      });
      return receiptSchema.parse(JSON.parse(answer.body.toString()));
    },

    async countEvents() {
      let stored = 0;
      let cursor = "";
      do {
        const page = (await ask("GET", `/api/v1/events?limit=500${cursor}`)).json() as {
          items: unknown[];
          nextCursor?: string;
        };
        stored += page.items.length;
        cursor = page.nextCursor === undefined ? "" : `&cursor=${page.nextCursor}`;
      } while (cursor !== "");
      return stored;
    },

    close() {
      for (const program of programs) program.kill("SIGKILL");
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

export async function kill(program: ChildProcess): Promise<void> {
  const gone = once(program, "exit");
  program.kill("SIGKILL");
  await gone;
}
