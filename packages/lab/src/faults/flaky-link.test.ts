import { once } from "node:events";
import { type IncomingMessage, createServer } from "node:http";
import { type AddressInfo, createConnection } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../wait-until.ts";
import { type FlakyLink, flakyLink } from "./flaky-link.ts";

let link: FlakyLink;
let received: string[];
const server = createServer((request: IncomingMessage, response) => {
  const answer = (body: string) => {
    received.push(body);
    response.end(`got ${body.length}`);
  };
  text(request).then(answer, () => undefined); // half a request has no answer
});

beforeEach(async () => {
  received = [];
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  link = await flakyLink({ listen: { host: "127.0.0.1", port: 0 }, target: { host: "127.0.0.1", port } });
});

afterEach(async () => {
  await link.stop();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

/** Over a connection of its own, with an end: what these tests are about must not hang them. */
async function post(body: string, timeoutMs = 5000): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${link.address.port}`, {
    method: "POST",
    body,
    headers: { connection: "close" },
    signal: AbortSignal.timeout(timeoutMs),
  });
  return answer.text();
}

test("an open link passes requests and replies of any size", async () => {
  const body = "x".repeat(3_000_000);

  expect(await post(body)).toBe("got 3000000");
  expect(received).toEqual([body]);
});

test("a cut link lets nothing through until it is healed", async () => {
  link.cut();

  await expect(post("lost")).rejects.toThrow();
  link.heal();

  expect(await post("found")).toBe("got 5");
  expect(received).toEqual(["found"]);
});

test("cutting resets what is open", async () => {
  const client = createConnection(link.address.port, "127.0.0.1");
  await waitUntil(() => link.connections() === 1, { what: "a connection", deadlineMs: 2000 });
  const failed = once(client, "error");

  link.cut();

  expect((await failed)[0]).toMatchObject({ code: "ECONNRESET" });
});

test("a reset hits only the connections that are open", async () => {
  const client = createConnection(link.address.port, "127.0.0.1");
  await waitUntil(() => link.connections() === 1, { what: "a connection", deadlineMs: 2000 });
  const failed = once(client, "error");

  link.reset();

  await failed;
  expect(await post("after")).toBe("got 5");
});

test("a link that resets after so many bytes delivers a part of the request and no reply", async () => {
  link.resetAfter(1000);

  await expect(post("x".repeat(50_000))).rejects.toThrow();

  expect(received).toEqual([]);
});

test("a dropped reply leaves the request done and its sender in doubt", async () => {
  link.dropReplies(1);

  await expect(post("first")).rejects.toThrow();
  const second = await post("second");

  expect(received).toEqual(["first", "second"]);
  expect(second).toBe("got 6");
  expect(link.repliesDropped()).toBe(1);
});

test("a stalled link holds everything back and delivers it when healed", async () => {
  link.stall();
  const reply = post("patient");
  await waitUntil(() => link.connections() === 1, { what: "a connection", deadlineMs: 2000 });
  await expect(post("hurried", 100)).rejects.toThrow(/timeout/);

  link.heal();

  expect(await reply).toBe("got 7");
});

test("a slow link takes its time", async () => {
  link.slow(20_000);
  const began = performance.now();

  await post("x".repeat(5_000));

  expect(performance.now() - began).toBeGreaterThan(200);
});

test("a trickling link passes byte by byte and is in no hurry", async () => {
  link.trickle();
  const reply = post("drop by drop");
  await expect(post("hurried", 150)).rejects.toThrow(/timeout/);

  link.heal();

  expect(await reply).toBe("got 12");
});
