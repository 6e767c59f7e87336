import { plainContainer } from "@shipkeeper/model/testing";
import { containerIdSchema, imageIdSchema, type Container } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { NO_GUARDRAILS, guardrailsSchema, type Guardrails } from "../../guardrails.ts";
import { compileBundle } from "../../language/compile.ts";
import { parsePolicy } from "../../language/parse-policy.ts";
import { formatProblem } from "../../language/problem.ts";
import { probesFor } from "./probes-for.ts";

const ID = containerIdSchema.parse("a".repeat(64));
const IMAGE = imageIdSchema.parse(`sha256:${"b".repeat(64)}`);

function parse(rules: string) {
  const text = `{ policy: lab, hosts: { environment: lab }, rules: [${rules}] }`;
  return parsePolicy([{ file: "lab.yaml", text }], { now: 0 });
}

/** The probes of a container on a host of the lab, by rules in YAML. */
function probed(rules: string, container: Partial<Container>, guardrails: Guardrails = NO_GUARDRAILS) {
  const { policies, problems } = parse(rules);
  expect(problems.map(formatProblem)).toEqual([]);
  const bundle = compileBundle(policies, { revision: 1, issuedAt: 0, expiresAt: 1 });
  const sources = { bundle, hostLabels: { environment: "lab" }, guardrails };
  return probesFor(sources)(plainContainer({ id: ID, imageId: IMAGE, name: "shop-web", ...container }));
}

const namesOf = ({ probes }: ReturnType<typeof probed>) => probes.map(({ name }) => name);

test("a probe has the defaults of the language", () => {
  const rule = `{ restart: shop, select: { containers: ["shop-*"] }, probes: { web: { http: { port: 8080 } } } }`;

  expect(probed(rule, {}).probes).toEqual([
    {
      name: "shop/web",
      way: { kind: "http", port: 8080, path: "/", status: { from: 200, to: 399 } },
      everyMs: 10_000,
      timeoutMs: 3_000,
      failures: 3,
      startPeriodMs: 60_000,
    },
  ]);
});

test("every way and every key survives the way into a bundle and back", () => {
  const { probes } = probed(
    `{ restart: shop, select: { containers: ["*"] }, probes: {
      a: { http: { port: 8443, path: /up, status: 204, body: ok, tls: { verify: true, host: shop.example },
           headers: { X-Probe: "1" } }, every: 5s, timeout: 1s, failures: 2, startPeriod: 5m },
      b: { tcp: { port: 5432 } }, c: { silentFor: 10m }, d: { http: { port: 1, status: "200-204", tls: true } },
      e: { exec: { argv: [pg_isready, -q] } } } }`,
    {},
    guardrailsSchema.parse({ allow: { exec: ["shop-*"] } }),
  );

  expect(probes.map(({ way }) => way)).toEqual([
    {
      kind: "http",
      port: 8443,
      path: "/up",
      status: { from: 204, to: 204 },
      body: "ok",
      tls: { verify: true, host: "shop.example" },
      headers: { "X-Probe": "1" },
    },
    { kind: "tcp", port: 5432 },
    { kind: "log-silence", silentForMs: 600_000 },
    { kind: "http", port: 1, path: "/", status: { from: 200, to: 204 }, tls: true },
    { kind: "exec", argv: ["pg_isready", "-q"] },
  ]);
  expect(probes[0]).toMatchObject({ everyMs: 5_000, timeoutMs: 1_000, failures: 2, startPeriodMs: 300_000 });
});

test("a probe is for the containers that both it and its rule select", () => {
  const rule = `{ restart: shop, select: { containers: ["shop-*"] }, probes: {
    api: { select: { labels: { tier: api } }, tcp: { port: 1 } }, all: { tcp: { port: 2 } } } }`;

  expect(namesOf(probed(rule, { labels: { tier: "api" } }))).toEqual(["shop/api", "shop/all"]);
  expect(namesOf(probed(rule, {}))).toEqual(["shop/all"]);
  expect(namesOf(probed(rule, { name: "db", labels: { tier: "api" } }))).toEqual([]);
});

test("labels count where a rule of kind restart selects the container", () => {
  const labels = { "shipkeeper.probe.http": "8080/healthz", "shipkeeper.probe.every": "2s" };
  const web = probed("{ restart: all }", { labels });

  expect(web.probes).toMatchObject([
    { name: "label:http", way: { kind: "http", port: 8080, path: "/healthz" }, everyMs: 2_000 },
  ]);
  expect(namesOf(probed(`{ restart: db, select: { containers: [db] } }`, { labels }))).toEqual([]);
  expect(
    namesOf(probed("{ expire: old, olderThan: 30d, every: 1h, select: { containers: ['*'] } }", { labels })),
  ).toEqual([]);
});

test("each way of the labels", () => {
  const { probes, problems } = probed("{ restart: all }", {
    labels: {
      "shipkeeper.probe.http": "https:8443",
      "shipkeeper.probe.status": "401",
      "shipkeeper.probe.body": "log in",
      "shipkeeper.probe.tcp": "5432",
      "shipkeeper.probe.log-silence": "10m",
      "shipkeeper.probe.failures": "5",
      "shipkeeper.probe.timeout": "1s",
      "shipkeeper.probe.start-period": "2m",
    },
  });

  expect(problems).toEqual([]);
  expect(probes.map(({ way }) => way)).toEqual([
    { kind: "http", port: 8443, path: "/", status: { from: 401, to: 401 }, body: "log in", tls: true },
    { kind: "tcp", port: 5432 },
    { kind: "log-silence", silentForMs: 600_000 },
  ]);
  for (const probe of probes)
    expect(probe).toMatchObject({ failures: 5, timeoutMs: 1_000, startPeriodMs: 120_000 });
});

test.for([
  ["http", "healthz", "label shipkeeper.probe.http: http: port: expected a port from 1 to 65535"],
  ["tcp", "70000", "label shipkeeper.probe.tcp: tcp: port: expected a port from 1 to 65535"],
  ["log-silence", "10", "label shipkeeper.probe.log-silence: silentFor: expected a duration such as"],
  ["htpp", "8080", "label shipkeeper.probe.htpp is not known, did you mean shipkeeper.probe.http?"],
] as const)(
  "a label %s=%s that cannot be read costs that probe only, and is told",
  ([key, value, problem]) => {
    const labels = {
      "shipkeeper.probe.tcp": "1",
      "shipkeeper.probe.http": "2",
      [`shipkeeper.probe.${key}`]: value,
    };

    const { probes, problems } = probed("{ restart: all }", { labels });

    expect(problems.join()).toContain(problem);
    expect(probes.length).toBe(key === "http" || key === "tcp" ? 1 : 2);
  },
);

test("programs run only where the guardrails name the container and do not protect it", () => {
  const rule = `{ restart: shop, select: { containers: ["*"] }, probes: { ready: { exec: { argv: [pg_isready] } } } }`;
  const under = (guardrails: object) => probed(rule, {}, guardrailsSchema.parse(guardrails));

  expect(under({}).probes).toEqual([]);
  expect(under({}).problems).toEqual([
    "probe shop/ready is not run: the host's guardrails do not name the container under `allow: { exec: [...] }`",
  ]);
  expect(under({ allow: { exec: ["db-*"] } }).probes).toEqual([]);
  expect(under({ allow: { exec: ["shop-*"] } }).probes).toHaveLength(1);
  const both = { allow: { exec: ["shop-*"] }, neverTouch: { containers: ["shop-web"] } };
  expect(under(both).problems.join()).toContain("guardrails protect the container (shop-web)");
});

test.for([
  ["api: { tcp: { port: 1 }, silentFor: 1m }", "asks in one way"],
  ["api: {}", "asks in one way"],
  ["api: { tcp: { port: 0 } }", "expected a port from 1 to 65535"],
  ["api: { http: { port: 80, status: 99 } }", "expected a status such as 204"],
  ["api: { http: { port: 80, status: '400-200' } }", "expected a status such as 204"],
  ["api: { http: { port: 80, path: healthz } }", "expected a path such as /healthz"],
  ["api: { http: { port: 80, headers: { 'a b': x } } }", "expected the name of a header"],
  ["api: { tcp: { port: 1 }, every: 100ms }", "expected one second or more"],
  ["api: { tcp: { port: 1 }, timeout: 2m }", "expected one minute or less"],
  ["api: { exec: { argv: [] } }", "expected a program"],
  ["api: { htpp: { port: 1 } }", "unknown key `htpp`, did you mean `http`?"],
  ["Api: { tcp: { port: 1 } }", "lower-case letters"],
] as const)("a probe %s is a mistake", ([probe, message]) => {
  const { problems } = parse(`{ restart: shop, select: { containers: ["*"] }, probes: { ${probe} } }`);

  expect(problems.map(formatProblem).join("\n")).toContain(message);
});

test("a probe that neither it nor its rule says the containers of is a mistake", () => {
  const { problems } = parse("{ restart: all, probes: { api: { tcp: { port: 1 } } } }");

  expect(problems.map(formatProblem).join("\n")).toContain("api: is for no containers");
});
