import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { hostIdSchema } from "@shipkeeper/model";
import { REQUEST_HEADERS } from "@shipkeeper/protocol";
import { afterEach, expect, test } from "vitest";
import { RequestFailed, httpRequest } from "./http-request.ts";
import { createSigningKey } from "./signature.ts";
import { signedClient } from "./signed-client.ts";
import { checkRequest } from "./signed-http.ts";

const key = createSigningKey();
const signer = { hostId: hostIdSchema.parse("00000000-0000-4000-8000-000000000001"), key };

let stop: () => void = () => {};
afterEach(() => stop());

/** A collector whose clock shows `now`, and that checks what it is sent. */
async function startCollector({ now, path = "" }: { now: number; path?: string }) {
  const seen: IncomingHttpHeaders[] = [];
  const server = createServer((request, answer) => {
    seen.push(request.headers);
    const target = (request.url ?? "").slice(path.length); // as a proxy in front would take it off
    const parts = { method: request.method ?? "", target, body: new Uint8Array(), headers: request.headers };
    const checked = checkRequest(parts, () => key.publicKey, now);
    const status = "hostId" in checked ? 200 : 401;
    answer.writeHead(status, { date: new Date(now).toUTCString() }).end(JSON.stringify(checked));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stop = () => void server.close();
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`), seen };
}

const call = { method: "GET", target: "/agent/v1/policy?held=0", deadlineMs: 5_000 } as const;
const HOUR = 3_600_000;

test("a host whose clock is an hour off is believed at the second try, and at once from then on", async () => {
  const { url, seen } = await startCollector({ now: 10 * HOUR });
  const client = signedClient({ collector: url, signer, clock: () => 9 * HOUR });

  expect((await client.call(call)).status).toBe(200);
  expect((await client.call(call)).status).toBe(200);
  expect(seen.map((headers) => Number(headers[REQUEST_HEADERS.created]) / HOUR)).toEqual([9, 10, 10]);
});

test("a clock that is off by more than a day is not made up for", async () => {
  const { url, seen } = await startCollector({ now: 100 * HOUR });
  const client = signedClient({ collector: url, signer, clock: () => 9 * HOUR });

  expect((await client.call(call)).status).toBe(401);
  expect(seen).toHaveLength(1);
});

test("a collector may live below a path", async () => {
  const { url } = await startCollector({ now: HOUR, path: "/shipkeeper" });
  const client = signedClient({ collector: url, signer, clock: () => HOUR });

  expect((await client.call(call)).status).toBe(200);
});

test("an answer that does not come, or is too large, says what was tried", async () => {
  const server = createServer((request, answer) => {
    if (request.url === "/large") answer.end("x".repeat(10_000));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stop = () => {
    server.closeAllConnections();
    server.close();
  };
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);

  await expect(httpRequest({ url: new URL("silent", url), deadlineMs: 50 })).rejects.toThrow(
    /GET .*\/silent had no whole answer within 50 ms/,
  );
  const large = httpRequest({ url: new URL("large", url), deadlineMs: 5_000, mostAnswerBytes: 100 });
  await expect(large).rejects.toThrow(RequestFailed);
});
