import { expect, test } from "vitest";
import { shopHost } from "../testing/host-configuration.ts";
import { missingSecrets, putSecrets, takeSecrets } from "./secrets.ts";

/** A shop whose web server was started so. */
function shopWith(create: Record<string, unknown>) {
  const { containers, ...host } = shopHost();
  const [web, ...others] = containers;
  const blueprint = { ...web!.blueprint, create };
  return { ...host, containers: [{ ...web!, blueprint }, ...others] };
}

test("what looks secret is taken out, is named, and comes back whole", () => {
  const host = shopHost();

  const { open, takenOut, secrets } = takeSecrets(host);

  expect(takenOut.map(({ what }) => what)).toEqual([
    "variable DATABASE_URL of container shop-web",
    "variable POSTGRES_PASSWORD of container shop-db",
  ]);
  expect(JSON.stringify(open)).not.toMatch(/sword/);
  expect(open.containers[0]?.blueprint.environment).toContainEqual({ name: "LANG", value: "C.UTF-8" });
  expect(putSecrets({ ...open, takenOut }, secrets).containers).toEqual(host.containers);
});

test("a secret is found in a command, behind an option, in options of a log driver and where it is repeated", () => {
  const host = shopWith({
    Cmd: ["serve", "--password", "hunter22", "--token=abc123", "--greet", "sword fish"],
    HostConfig: { LogConfig: { Type: "splunk", Config: { "splunk-token": "9f3b", "splunk-url": "x" } } },
  });

  const { open, takenOut, secrets } = takeSecrets(host);

  expect(open.containers[0]?.blueprint.create).toEqual({
    Cmd: ["serve", "--password", "[sealed]", "[sealed]", "--greet", "[sealed]"],
    HostConfig: { LogConfig: { Type: "splunk", Config: { "splunk-token": "[sealed]", "splunk-url": "x" } } },
  });
  expect(putSecrets({ ...open, takenOut }, secrets).containers).toEqual(host.containers);
});

test("a secret in a host's own hook is found, and the texts that come with Shipkeeper hold none", () => {
  const hooks = {
    own: {
      argv: ["dump", "--password", "hunter22"],
      restore: ["load", "--password", "hunter22"],
      timeout: 1,
    },
    ready: { use: "postgresql" as const, login: "shop", timeout: 1 },
  };
  const host = shopHost({ hooks });

  const { open, takenOut, secrets } = takeSecrets(host);

  expect(open.hooks).toEqual({
    ...hooks,
    own: {
      argv: ["dump", "--password", "[sealed]"],
      restore: ["load", "--password", "[sealed]"],
      timeout: 1,
    },
  });
  expect(takenOut.map(({ what }) => what).slice(2)).toEqual(["argv of hook own", "restore of hook own"]);
  expect(putSecrets({ ...open, takenOut }, secrets).hooks).toEqual(hooks);
});

test("what is not among the secrets stays out, and is missing", () => {
  const { open, takenOut, secrets } = takeSecrets(shopHost());
  const [first = "", second = ""] = Object.keys(secrets);

  const half = putSecrets({ ...open, takenOut }, { [first]: secrets[first] ?? "" });

  expect(half.containers[1]?.blueprint.environment[0]).toEqual({ name: "POSTGRES_PASSWORD" });
  expect(missingSecrets(takenOut, { [first]: "" })).toEqual(takenOut.filter(({ at }) => at === second));
});

test("a pointer that somebody else made leads nowhere", () => {
  const takenOut = ["/__proto__/polluted", "/containers/0/__proto__", "/containers/9/name"].map((at) => ({
    at,
    what: "something",
  }));

  putSecrets({ ...shopHost(), takenOut }, Object.fromEntries(takenOut.map(({ at }) => [at, "yes"])));

  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
