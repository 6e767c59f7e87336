import { days } from "@shipkeeper/kit";
import type { Problem } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { NOW } from "../testing/facts.ts";
import { startTestCollector, type TestCollector } from "../testing/test-collector.ts";

let collector: TestCollector;
beforeEach(async () => {
  collector = await startTestCollector();
});
afterEach(() => collector.close());

interface Route {
  url: string;
  method: "GET" | "POST" | "DELETE";
}

/** Every route of the API, out of its own description. */
async function routes(): Promise<Route[]> {
  const { paths } = (await collector.ask("GET", "/api/openapi.json")).json<{
    paths: Record<string, object>;
  }>();
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      url: path.replace(/\{\w+\}/, "1"),
      method: method.toUpperCase() as Route["method"],
    })),
  );
}

test("no route answers without a token, nor with one that is unknown, expired or revoked", async () => {
  const { store, clock, app } = collector;
  const make = (expiresAt?: number) =>
    store.apiTokens.make({ name: "x", role: "admin", createdBy: "test", expiresAt }, clock.now);
  const expired = make(clock.now + 1);
  const revoked = make();
  store.apiTokens.remove(revoked.id);
  clock.now += 1;
  const bad = [expired.token, revoked.token, `${make().token.slice(0, -1)}x`, "skt_", "\u00e9"];

  for (const { url, method } of await routes()) {
    expect((await collector.ask(method, url, { role: null })).statusCode, `${method} ${url}`).toBe(401);
    for (const token of bad) {
      const headers = { authorization: `Bearer ${token}` };
      expect((await app.inject({ method, url, headers })).statusCode, `${method} ${url}`).toBe(401);
    }
  }
});

test("readers change nothing, operators make no tokens", async () => {
  for (const { url, method } of await routes()) {
    const { statusCode } = await collector.ask(method, url, {
      role: "reader",
      body: method === "POST" ? {} : undefined,
    } as never);
    const isForAdmins = /tokens/.test(url) && !/enrollment/.test(url);
    const onlyReads = method === "GET" || url.endsWith("/preview");
    expect(statusCode === 403, `${method} ${url}`).toBe(!onlyReads || isForAdmins);
  }
  const asked = { name: "mine", role: "admin" };
  expect((await collector.ask("POST", "/api/v1/tokens", { role: "operator", body: asked })).statusCode).toBe(
    403,
  );
});

test("a token that an admin makes works until it is revoked", async () => {
  const made = await collector.ask("POST", "/api/v1/tokens", {
    body: { name: "ci", role: "reader", ttl: "90d" },
  });
  const { id, token, expiresAt } = made.json<{ id: string; token: string; expiresAt: number }>();
  const withIt = () =>
    collector.app.inject({ url: "/api/v1/hosts", headers: { authorization: `Bearer ${token}` } });

  expect([made.statusCode, expiresAt]).toEqual([201, NOW + days(90)]);
  expect((await withIt()).statusCode).toBe(200);
  expect((await collector.ask("GET", "/api/v1/tokens")).body).not.toContain(token);
  expect((await collector.ask("DELETE", `/api/v1/tokens/${id}`)).statusCode).toBe(204);
  expect((await withIt()).statusCode).toBe(401);
  expect((await collector.ask("DELETE", `/api/v1/tokens/${id}`)).statusCode).toBe(404);
});

test("an enrolment token lives as long as it was asked for, and a day at most", async () => {
  const ask = (ttl: string) =>
    collector.ask("POST", "/api/v1/enrollment-tokens", { role: "operator", body: { ttl } });

  expect((await ask("1h")).json()).toMatchObject({ expiresAt: NOW + 3_600_000 });
  expect((await ask("2d")).json<Problem>().problems).toEqual([
    "ttl: expected a duration such as 15m, at most 1d",
  ]);
  expect((await ask("soon")).statusCode).toBe(400);
});

test("a browser is let in by a token once, and by a cookie that scripts and other sites cannot use", async () => {
  const { token } = collector.store.apiTokens.make({ name: "me", role: "operator", createdBy: "test" }, NOW);
  const asked = await collector.app.inject("/");
  const login = await collector.app.inject({
    method: "POST",
    url: "/login",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    payload: `token=${token}`,
  });
  const cookie = String(login.headers["set-cookie"]);
  const withCookie = (method: "GET" | "POST", url: string) =>
    collector.app.inject({ method, url, headers: { cookie: cookie.split(";")[0] ?? "" } });

  expect(asked.body).toContain("<form");
  expect(asked.headers["content-security-policy"]).not.toContain("upgrade-insecure-requests");
  expect(login.headers.location).toBe("/");
  expect(cookie).toContain("HttpOnly; SameSite=Strict");
  expect((await withCookie("GET", "/")).headers.location).toBe("/api/v1/reports/fleet?format=html");
  expect((await withCookie("GET", "/api/v1/reports/fleet?format=html")).body).toContain("<html");
  expect((await withCookie("POST", "/api/v1/enrollment-tokens")).statusCode).toBe(401);
  expect((await collector.app.inject("/?token=skt_wrong")).statusCode).toBe(401);
  expect((await collector.app.inject(`/?token=${token}`)).statusCode).toBe(303);
});
