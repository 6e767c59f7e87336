/** Stands between an agent and its collector: hands everything on, and answers what a test wants in its place. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { httpRequest, type HttpAnswer } from "@shipkeeper/runtime";

export interface HostileAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HostileCollector {
  readonly url: string;
  /** Polls for a policy so far. */
  polls(): number;
  /** What it answers to the next poll, given the agent's query; undefined hands the poll on. */
  onPoll: (query: URLSearchParams) => HostileAnswer | undefined;
  /** What it makes of a receipt on its way to the agent. */
  onReceipt: (receipt: Record<string, unknown>) => Record<string, unknown>;
  stop(): Promise<void>;
}

const DEADLINE_MS = 40_000;

export async function startHostileCollector(address: string, collector: string): Promise<HostileCollector> {
  let polls = 0;
  const server = createServer((request, answer) => {
    handle(request)
      .then((given) => send(answer, given))
      .catch(() => answer.destroy());
  });

  async function handle(request: IncomingMessage): Promise<HostileAnswer> {
    const url = new URL(request.url ?? "/", collector);
    const isPoll = url.pathname === "/agent/v1/policy";
    if (isPoll) polls += 1;
    const own = isPoll ? hostile.onPoll(url.searchParams) : undefined;
    if (own !== undefined) return own;

    const answer = await handOn(request, url);
    const body = answer.body.toString("utf8");
    if (url.pathname !== "/agent/v1/batches" || answer.status !== 202) return { ...plain(answer), body };
    const receipt = JSON.parse(body) as Record<string, unknown>;
    return { ...plain(answer), body: JSON.stringify(hostile.onReceipt(receipt)) };
  }

  const hostile: HostileCollector = {
    url: "",
    polls: () => polls,
    onPoll: () => undefined,
    onReceipt: (receipt) => receipt,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  await new Promise<void>((resolve) => server.listen(0, address, resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(hostile, { url: `http://${address}:${port}` });
}

async function handOn(request: IncomingMessage, url: URL): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const own = Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
    typeof value === "string" &&
    (name.startsWith("x-shipkeeper") || name.startsWith("content-")) &&
    name !== "content-length"
      ? [[name, value]]
      : [],
  );
  return httpRequest({
    url,
    method: request.method === "POST" ? "POST" : "GET",
    headers: Object.fromEntries(own),
    ...(body.length > 0 ? { body } : {}),
    deadlineMs: DEADLINE_MS,
  });
}

function plain({ status, headers }: HttpAnswer): HostileAnswer {
  const halted = headers["x-shipkeeper-halted-revision"];
  return { status, headers: typeof halted === "string" ? { "x-shipkeeper-halted-revision": halted } : {} };
}

function send(answer: ServerResponse, { status, body = "", headers = {} }: HostileAnswer): void {
  answer.writeHead(status, headers).end(body);
}
