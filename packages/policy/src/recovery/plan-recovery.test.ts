import { expect, test } from "vitest";
import { shopHost } from "../testing/host-configuration.ts";
import type { HostConfiguration } from "./host-configuration.ts";
import { explainRecoveryStep } from "./explain-recovery.ts";
import { planRecovery, refusedSteps, type RecoveryWorld } from "./plan-recovery.ts";
import { takeSecrets } from "./secrets.ts";

const DATA_AT = Date.parse("2030-01-31T01:55:00Z");
const point = (dataset: string) => ({ dataset, restorePoint: "ab".repeat(32), at: DATA_AT });

/** An empty host onto which the shop is recovered. */
function world(
  facts: Partial<RecoveryWorld> & { readonly has?: Partial<RecoveryWorld["target"]> } = {},
): RecoveryWorld {
  const { has, ...others } = facts;
  return {
    configuration: shopHost(),
    missing: [],
    points: [point("volume:shop-data"), point("bind:/srv/shop"), point("image:acme/web:2")],
    target: { networks: [], volumes: [], containers: [], images: [], filledFolders: [], ...has },
    begun: new Set(),
    ...others,
  };
}

const told = (facts: Parameters<typeof world>[0] = {}) =>
  planRecovery(world(facts)).map((step) => explainRecoveryStep(step).replaceAll(/ +/g, " "));

test("a host is rebuilt from the ground: networks, images, data, containers after those that they need", () => {
  expect(told()).toEqual([
    "take network shop is not there",
    "take image postgres:16 from its registry, by digest",
    "take image acme/web:2 from the repository: no registry has it",
    "take volume shop-data its data of 2030-01-31 01:55Z",
    "take folder /srv/shop its data of 2030-01-31 01:55Z",
    "take container shop-db is not there",
    "take container shop-web is not there",
    "take start shop-db ran when its configuration was kept",
    "take start shop-web ran when its configuration was kept",
  ]);
});

test("what has a name that is needed refuses the recovery, and what is the same is kept", () => {
  const [network] = shopHost().networks;
  const has = {
    networks: [network!],
    volumes: ["shop-data"],
    containers: ["shop-web", "unrelated"],
    filledFolders: ["/srv/shop"],
  };

  const steps = planRecovery(world({ has }));

  expect(refusedSteps(steps).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    "volume shop-data",
    "folder /srv/shop",
    "container shop-web",
  ]);
  expect(told({ has })[0]).toBe("keep network shop is there and the same");
  const other = { name: "shop", create: { ...network!.create, Internal: true } };
  expect(told({ has: { networks: [other] } })[0]).toMatch(/^refuse network shop another one/);
});

test("what an earlier attempt began is its own, and is gone on with", () => {
  const has = { volumes: ["shop-data"], containers: ["shop-db"] };
  const begun = new Set(["volume shop-data", "container shop-db"]);

  const steps = planRecovery(world({ has, begun }));

  expect(refusedSteps(steps)).toEqual([]);
  expect(told({ has, begun })).toContain("keep container shop-db was made by an earlier attempt");
});

test("what was not backed up, or is not sure to be the same, is said", () => {
  const { configuration } = world();
  const images = configuration.images.map((image) => ({ ...image, digests: [] }));

  const steps = planRecovery(world({ points: [], configuration: { ...configuration, images } }));

  expect(steps.flatMap(({ warnings }) => warnings)).toEqual([
    "image postgres:16 is known by its name alone: what its registry has by now may be another one",
    "image acme/web:2 is known by its name alone: what its registry has by now may be another one",
    "volume shop-data was not backed up: it begins empty",
  ]);
  const [dumped] = planRecovery(world({ points: [point("dump:shop-data")] })).filter(
    ({ kind }) => kind === "volume",
  );
  expect(dumped?.warnings[0]).toMatch(/was kept as a dump/);
});

test("a database takes its dump back before who needs it begins, where something here takes it", () => {
  const dumped = { ...point("dump:shop-data"), dump: { hook: "shop", container: "shop-db" } };
  const planned = (hook: HostConfiguration["hooks"][string], dump = dumped.dump) => {
    const configuration = shopHost({ hooks: { shop: hook } });
    const steps = planRecovery(world({ points: [{ ...dumped, dump }], configuration }));
    return {
      told: steps.map((step) => explainRecoveryStep(step).replaceAll(/ +/g, " ")).slice(-4),
      warnings: steps.flatMap(({ warnings }) => warnings).filter((text) => text.includes("dump")),
    };
  };
  const ready = { use: "postgresql", timeout: 1 } as const;

  expect(planned(ready)).toEqual({
    told: [
      "take container shop-web is not there",
      "take start shop-db ran when its configuration was kept",
      "take feed shop-data its dump of 2030-01-31 01:55Z into shop-db",
      "take start shop-web ran when its configuration was kept",
    ],
    warnings: [],
  });
  const unfed = [
    "volume shop-data was kept as a dump that nothing here takes back: restore dump:shop-data and feed it to its database",
  ];
  expect(planned({ argv: ["dump"], timeout: 1 }).warnings).toEqual(unfed);
  expect(planned({ argv: ["dump"], restore: ["load", "[sealed]"], timeout: 1 }).warnings).toEqual(unfed);
  expect(planned(ready, { hook: "gone", container: "shop-db" }).warnings).toEqual(unfed);
  expect(planned(ready, { hook: "shop", container: "gone" }).warnings).toEqual(unfed);
});

test("a variable that is sealed is left out and said; a command with a hole in it is not made", () => {
  const { open, takenOut } = takeSecrets(shopHost());

  const steps = planRecovery(world({ configuration: { ...open, takenOut }, missing: takenOut }));

  expect(refusedSteps(steps)).toEqual([]);
  expect(steps.flatMap(({ warnings }) => warnings)).toEqual([
    "variable POSTGRES_PASSWORD of container shop-db looked secret, is sealed and was not opened: it is left out",
    "variable DATABASE_URL of container shop-web looked secret, is sealed and was not opened: it is left out",
  ]);
  const [web, db] = open.containers;
  const holed = { ...web!, blueprint: { ...web!.blueprint, create: { Cmd: ["serve", "[sealed]"] } } };
  const configuration = { ...open, takenOut, containers: [holed, db!] };
  expect(refusedSteps(planRecovery(world({ configuration, missing: takenOut })))).toMatchObject([
    { kind: "container", name: "shop-web", reason: { why: "sealed" } },
  ]);
});
