import { createVolume, fillVolume, type LabHost } from "@shipkeeper/lab";

/** What the shop sells, as its database holds it. */
export const SHELVES = "three books, one lamp\n";

const SECRET = "hunter22!";

/**
 * A shop on a host that has `acme/app:1`: a database that is healthy while it has its data and its password, a web server
 * that has a fixed address beside it, an alias and a port, and a job that does not run.
 */
export async function openShop(host: LabHost): Promise<void> {
  const { engine } = host;
  await engine.createNetwork({
    Name: "shop",
    Driver: "bridge",
    Labels: { "com.acme.owner": "shop" },
    IPAM: { Driver: "default", Config: [{ Subnet: "10.213.40.0/24", Gateway: "10.213.40.1" }] },
  });
  await createVolume(host, "shop-data", { "com.acme.owner": "shop" });
  await fillVolume(host, "shop-data", [
    { path: "shelves", content: SHELVES, uid: 1_000, mode: 0o640 },
    { path: "hole", sparseBytes: 8 * 2 ** 20 },
  ]);

  const wait = ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1 & wait; done"];
  const common = { Image: "acme/app:1", Entrypoint: [], Cmd: wait };
  const db = await engine.createContainer({
    ...common,
    name: "shop-db",
    Env: [`DB_PASSWORD=${SECRET}`, "LANG=C.UTF-8"],
    Labels: { "com.docker.compose.project": "shop", "com.docker.compose.service": "db" },
    Healthcheck: {
      Test: ["CMD-SHELL", `grep -q books /data/shelves && [ "\${#DB_PASSWORD}" = ${SECRET.length} ]`],
      Interval: 1e9,
      Retries: 50,
    },
    HostConfig: { NetworkMode: "shop", Binds: ["shop-data:/data"] },
  });
  const web = await engine.createContainer({
    ...common,
    name: "shop-web",
    Labels: {
      "com.docker.compose.project": "shop",
      "com.docker.compose.service": "web",
      "com.docker.compose.depends_on": "db:service_healthy:false",
    },
    ExposedPorts: { "80/tcp": {} },
    HostConfig: {
      NetworkMode: "shop",
      Mounts: [{ Type: "volume", Source: "shop-data", Target: "/shelves", ReadOnly: true }],
      PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8088" }] },
      RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 },
      Memory: 64 * 2 ** 20,
      CapDrop: ["CAP_NET_RAW"],
    },
    NetworkingConfig: {
      EndpointsConfig: { shop: { Aliases: ["front"], IPAMConfig: { IPv4Address: "10.213.40.77" } } },
    },
  });
  await engine.createContainer({ ...common, name: "shop-job", HostConfig: { VolumesFrom: ["shop-db"] } });
  await db.start();
  await web.start();
}

/** Of a shop, wherever it is: what must be the same everywhere. */
export async function describeShop({ engine }: LabHost) {
  const names = ["shop-db", "shop-job", "shop-web"];
  const containers = await Promise.all(
    names.map(async (name) => {
      const { Config, HostConfig, State, Mounts, NetworkSettings } = await engine
        .getContainer(name)
        .inspect();
      const { Memory, CapDrop, RestartPolicy, PortBindings } = HostConfig;
      const networks = Object.entries(NetworkSettings.Networks).map(([network, joined]) => ({
        network,
        fixed: joined.IPAMConfig?.IPv4Address,
        aliases: ((joined.Aliases ?? []) as string[]).filter((alias) => !/^[0-9a-f]{12}$/.test(alias)),
      }));
      const { Image, Env, Cmd, Labels, Healthcheck } = Config;
      return {
        name,
        running: State.Running,
        health: State.Health?.Status,
        Image,
        Env: (Env ?? []).toSorted(),
        Cmd,
        Labels,
        Healthcheck,
        Memory,
        CapDrop,
        restart: RestartPolicy?.Name || "no",
        ports: PortBindings ?? {},
        mounts: Mounts.map(({ Name, Destination, RW }) => [Name, Destination, RW]),
        networks,
      };
    }),
  );
  const { Labels, IPAM } = (await engine.getNetwork("shop").inspect()) as {
    Labels: object;
    IPAM: { Config: unknown };
  };
  return { containers, network: { Labels, ranges: IPAM.Config } };
}
