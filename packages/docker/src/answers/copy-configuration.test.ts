import { expect, test } from "vitest";
import { configurationAnswer, copyConfiguration, type CopyOptions } from "./copy-configuration.ts";

const ID = "0123456789ab".padEnd(64, "c");

/** An engine's word on a container, as far as a test says something else than the plain one. */
interface Said {
  readonly config?: object;
  readonly hostConfig?: object;
  readonly mounts?: readonly object[];
  readonly networks?: Readonly<Record<string, object>>;
}

function answer({ config, hostConfig, mounts, networks }: Said = {}) {
  return configurationAnswer.parse({
    Id: ID,
    Image: "sha256:aa",
    Config: { Image: "web:1", Hostname: ID.slice(0, 12), Env: ["TOKEN=secret"], ...config },
    HostConfig: { NetworkMode: "default", Binds: null, Memory: 64, Unheard: { Of: 1 }, ...hostConfig },
    Mounts: mounts,
    NetworkSettings: { Networks: networks },
  });
}

const OLD: CopyOptions = { nameIsSame: true, manyNetworks: false };
const copy = (from: ReturnType<typeof answer>, options: Partial<CopyOptions> = {}) =>
  copyConfiguration(from, { ...OLD, ...options });

test("what nobody here knows of comes along, what the engine made of the id stays behind", () => {
  const { create } = copy(answer());

  expect(create).toMatchObject({
    Image: "web:1",
    Env: ["TOKEN=secret"],
    HostConfig: { Memory: 64, Unheard: { Of: 1 } },
  });
  expect(create).not.toHaveProperty("Hostname");
  expect(copy(answer({ config: { Hostname: "db" } })).create).toMatchObject({ Hostname: "db" });
});

test("a tag that moved on is left for the image that the container was made from", () => {
  expect(copy(answer(), { nameIsSame: false }).create["Image"]).toBe("sha256:aa");
});

test("volumes without a name come along by the name that they got, named ones as they were asked for", () => {
  const anonymous = { Type: "volume", Name: "a".repeat(64), Destination: "/data", RW: true };
  const mounted = { Type: "volume", Name: "b".repeat(64), Destination: "/cache", RW: true };
  const named = { Type: "volume", Name: "pg", Destination: "/var/lib", RW: true };
  const shared = { Type: "volume", Name: "d".repeat(64), Destination: "/shared", RW: true };

  const { create } = copy(
    answer({
      config: { Volumes: { "/data/": {}, "/var/lib": {} } },
      hostConfig: {
        Binds: ["pg:/var/lib"],
        Mounts: [{ Type: "volume", Target: "/cache" }],
        VolumesFrom: ["other"],
      },
      mounts: [anonymous, mounted, named, shared],
    }),
  );

  expect(create["HostConfig"]).toMatchObject({
    Binds: ["pg:/var/lib", `${anonymous.Name}:/data`],
    Mounts: [{ Type: "volume", Target: "/cache", Source: mounted.Name }],
    VolumesFrom: ["other"],
  });
});

test("networks keep names and addresses that were asked for, not those that the engine gave", () => {
  const front = {
    NetworkID: "n1",
    IPAddress: "10.1.0.7",
    MacAddress: "02:42:0a:01:00:07",
    IPAMConfig: { IPv4Address: "10.1.0.7" },
    Aliases: ["web", ID.slice(0, 12)],
    Links: ["/db:/web/database"],
  };
  const back = { NetworkID: "n2", IPAddress: "10.2.0.7", MacAddress: "02:42:0a:02:00:07", Aliases: ["api"] };
  const from = answer({ hostConfig: { NetworkMode: "front" }, networks: { back, front } });

  const older = copy(from);
  const newer = copy(from, { manyNetworks: true });

  const endpoint = { IPAMConfig: { IPv4Address: "10.1.0.7" }, Aliases: ["web"], Links: ["db:database"] };
  expect(older.create["NetworkingConfig"]).toEqual({ EndpointsConfig: { front: endpoint } });
  expect(older.connect).toEqual([{ network: "back", endpoint: { Aliases: ["api"] } }]);
  expect(newer.create["NetworkingConfig"]).toEqual({
    EndpointsConfig: { front: endpoint, back: { Aliases: ["api"] } },
  });
  expect(newer.connect).toEqual([]);
});

test("a hardware address that somebody chose is kept, where the engine's version wants it", () => {
  const bridge = {
    NetworkID: "n1",
    IPAddress: "172.17.0.2",
    MacAddress: "02:42:ac:11:00:99",
    Aliases: ["x"],
  };
  const chosen = answer({ config: { MacAddress: "02:42:ac:11:00:99" }, networks: { bridge } });

  expect(copy(chosen).create).toMatchObject({
    MacAddress: "02:42:ac:11:00:99",
    NetworkingConfig: { EndpointsConfig: { bridge: {} } },
  });
  expect(copy(chosen, { manyNetworks: true }).create["NetworkingConfig"]).toEqual({
    EndpointsConfig: { bridge: { MacAddress: "02:42:ac:11:00:99" } },
  });
});

test("a container in somebody else's network has no network and no name of its own", () => {
  const from = answer({
    config: { Hostname: "other" },
    hostConfig: { NetworkMode: "container:abc", Links: ["/db:/web/db"] },
    networks: {},
  });

  const { create, connect } = copy(from);

  expect(create).toMatchObject({
    HostConfig: { NetworkMode: "container:abc", Links: ["db:db"] },
    NetworkingConfig: { EndpointsConfig: {} },
  });
  expect(create).not.toHaveProperty("Hostname");
  expect(connect).toEqual([]);
});
