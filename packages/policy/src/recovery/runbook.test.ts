import { expect, test } from "vitest";
import { shopHost } from "../testing/host-configuration.ts";
import { writeRunbook } from "./runbook.ts";
import { takeSecrets } from "./secrets.ts";
import { startOrder } from "./start-order.ts";

const tagOf = (dataset: string) => `dataset=${dataset}`;

test("the runbook of a host", async () => {
  const { open, takenOut } = takeSecrets(shopHost({ gaps: ["/etc/docker/daemon.json: permission denied"] }));

  const runbook = writeRunbook({ ...open, takenOut }, tagOf);

  await expect(runbook).toMatchFileSnapshot("golden/runbook.txt");
});

test("a dump goes back after its database has begun, and before who needs it begins", () => {
  const hooks = { shop: { argv: ["dump"], restore: ["load", "it's"], user: "99", timeout: 1 } };
  const dumped = { dataset: "dump:shop-data", dump: { hook: "shop", container: "shop-db" } };
  const [point] = shopHost().restorePoints;
  const host = shopHost({
    hooks,
    restorePoints: [
      { ...point!, ...dumped },
      { ...point!, ...dumped },
    ],
  });

  const lines = writeRunbook(host, tagOf).split("\n");

  const begin = lines.indexOf("docker start shop-db");
  expect(lines.slice(begin, begin + 6)).toEqual([
    "docker start shop-db",
    "well shop-db",
    'restic dump latest --host "$HOST" --tag shipkeeper,dataset=dump:shop-data /shop-data.dump >"$STAGE/dump"',
    String.raw`docker exec --interactive --user 99 shop-db load 'it'\''s' <"$STAGE/dump"`,
    `rm "$STAGE/dump"; echo 'dump:shop-data is taken back'`,
    "docker start shop-web",
  ]);
});

test("no name or label ends a comment or a word of a command", () => {
  const evil = "x'; touch /tmp/owned\n touch /tmp/owned #";
  const host = shopHost({ host: { ...shopHost().host, name: evil }, gaps: [evil] });
  const [web] = host.containers;
  const hostile = {
    ...host,
    containers: [
      { ...web!, blueprint: { ...web!.blueprint, create: { Labels: { [evil]: evil }, [evil]: evil } } },
    ],
  };

  const runbook = writeRunbook(hostile, tagOf);

  // All that is hostile is in comments or quotes: without these nothing of it is left.
  const commands = runbook.replaceAll(/^\s*#.*$/gm, "").replaceAll(String.raw`'\''`, "");
  const bare = commands.replaceAll(/'[^']*'/g, "");
  expect(bare).not.toContain("touch");
});

test("containers come after those that they need, also where they need each other", () => {
  const [web, db] = shopHost().containers;
  const circle = [web!, { ...db!, needs: ["shop-web"] }];

  expect(startOrder([web!, db!]).map(({ blueprint }) => blueprint.name)).toEqual(["shop-db", "shop-web"]);
  expect(startOrder(circle).map(({ blueprint }) => blueprint.name)).toEqual(["shop-web", "shop-db"]);
});
