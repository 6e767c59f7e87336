import { days } from "@shipkeeper/kit";
import { plainVolume } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { guardrailsSchema } from "../guardrails.ts";
import { policyWith } from "../testing/judged.ts";
import { container, image, mounting, NOW, worldWith } from "../testing/world.ts";
import { explainCoverage, judgeCoverage } from "./judge-coverage.ts";

type Things = Parameters<typeof worldWith>[0];

/** Dataset → how it is covered, in words. */
function told(policy: string, things: Things, facts: Parameters<typeof worldWith>[1] = {}) {
  const judged = judgeCoverage([policyWith(policy)], worldWith(things, facts));
  return Object.fromEntries(judged.map(({ dataset, coverage }) => [dataset, explainCoverage(coverage)]));
}

const rules = (...all: string[]) => `mode: enforce\nrules:\n${all.map((one) => `  - { ${one} }`).join("\n")}`;
const DATA = "backup: data, rpo: 1h, to: [local, moon], select: { volumes: [data] }";

test("every volume and every folder that containers may write to is covered, excluded, or uncovered", () => {
  const policy = `${rules(DATA, "backup: files, rpo: 1d, to: [offsite], select: { binds: ['/srv/*'] }")}
coverage:
  - { volumes: ["*-cache"], reason: can be made again, until: 2030-06-30 }
  - { binds: [/opt/scratch], reason: only scratch, until: 2030-01-31 }`;
  const things = {
    volumes: ["data", "web-cache", "lost"].map((name) => plainVolume(name)),
    containers: [
      mounting("web", ["data", "/srv/app", "/srv/app/logs", "/opt/scratch", "/opt/state"]),
      mounting("agent", ["/var/run/docker.sock", "/etc/localtime:ro", "/etc/web:ro"]),
    ],
  };
  const guardrails = guardrailsSchema.parse({ allow: { binds: ["/srv/app"] } });

  expect(told(policy, things, { guardrails })).toEqual({
    "bind:/etc/localtime": "part of the host's system",
    "bind:/etc/web": "no container may write to it",
    "bind:/opt/scratch": "excluded until 2030-01-31: only scratch",
    "bind:/opt/state": "no rule backs it up",
    "bind:/srv/app": "covered by production/files (offsite)",
    "bind:/srv/app/logs": "covered by production/files (offsite)",
    "bind:/var/run/docker.sock": "a socket",
    "volume:data": "covered by production/data (local)",
    "volume:lost": "no rule backs it up",
    "volume:web-cache": "excluded until 2030-06-30: can be made again",
  });
});

test("an exclusion that has passed counts no more, and neither does an exception", () => {
  const policy = policyWith(`${rules(DATA)}
coverage: [{ volumes: [cache], reason: can be made again, until: 2030-06-30 }]
exceptions: [{ match: { volume: data }, reason: being moved, owner: shop, until: 2030-03-31 }]`);
  const scene = worldWith({ volumes: [plainVolume("cache"), plainVolume("data")] });
  const at = (now: number) => judgeCoverage([policy], { ...scene, now }).map(({ coverage }) => coverage.is);

  expect(at(NOW)).toEqual(["excluded", "excluded"]);
  expect(at(NOW + days(90))).toEqual(["excluded", "covered"]);
  expect(at(Date.UTC(2030, 6, 1))).toEqual(["uncovered", "covered"]);
});

test("a dump covers its volume, also while its database is down", () => {
  const policy = rules(
    "backup: db, rpo: 1h, to: [local], select: { volumes: [pg] }, consistency: { hook: pg }",
  );
  const guardrails = guardrailsSchema.parse({ hooks: { pg: { use: "postgresql" } } });
  const judged = judgeCoverage(
    [policyWith(policy)],
    worldWith({ volumes: [plainVolume("pg")] }, { guardrails }),
  );

  expect(judged).toMatchObject([
    {
      target: { type: "volume", id: "pg" },
      coverage: {
        is: "covered",
        by: [{ rule: "production/db", dataset: "dump:pg", repositories: ["local"] }],
      },
    },
  ]);
  expect(told(policy, { volumes: [plainVolume("pg")] })).toEqual({
    "volume:pg": "not backed up: production/db: this host knows no hook pg",
  });
});

test("a rule covers nothing that it only observes, may not have, or has no repository for", () => {
  const volumes = [plainVolume("data")];
  const observes = `rules: [{ ${DATA} }]`;
  const neverTouch = guardrailsSchema.parse({ neverTouch: { containers: ["db"] } });
  const stops = rules(`${DATA}, consistency: stop`);

  expect(told(observes, { volumes })).toEqual({
    "volume:data": "not backed up: production/data only observes",
  });
  expect(told(rules(DATA), { volumes }, { repositories: [] })).toEqual({
    "volume:data": "not backed up: production/data: this host knows none of its repositories",
  });
  expect(
    told(stops, { volumes, containers: [mounting("db", ["data"])] }, { guardrails: neverTouch }),
  ).toEqual({
    "volume:data": "not backed up: production/data: its container db is never touched on this host (db)",
  });
});

test("the host's configuration and its own images stand there where a rule covers them", () => {
  const built = image("app:1");
  const things = { images: [built], containers: [container("app", { imageId: built.id })] };

  expect(
    told(rules("backup: host, rpo: 1d, to: [local], select: { host: true, images: true }"), things),
  ).toEqual({
    "host:configuration": "covered by production/host (local)",
    "image:app:1": "covered by production/host (local)",
  });
  expect(told("", things)).toEqual({});
});

test("what is covered carries its owner and who uses it, in whatever state", () => {
  const web = mounting("web", ["data", "/srv/app"], { owner: "shop", state: "exited" });
  const data = plainVolume("data", { owner: "payments", users: [web.id], anonymous: true });

  expect(judgeCoverage([], worldWith({ volumes: [data], containers: [web] }))).toEqual([
    {
      target: { type: "dataset", id: "bind:/srv/app", name: "bind:/srv/app", owner: "shop" },
      dataset: "bind:/srv/app",
      users: ["web"],
      coverage: { is: "uncovered" },
    },
    {
      target: { type: "volume", id: "data", name: "data", owner: "payments" },
      dataset: "volume:data",
      users: ["web"],
      coverage: { is: "uncovered" },
    },
  ]);
});
