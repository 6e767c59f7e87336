import { imageIdSchema } from "@shipkeeper/model";
import { expect, test } from "vitest";
import { shopHost } from "../testing/host-configuration.ts";
import type { HostConfiguration } from "./host-configuration.ts";
import { planRecovery } from "./plan-recovery.ts";
import { scratchHost } from "./scratch-host.ts";
import { takeSecrets } from "./secrets.ts";

const LABELS = { "shipkeeper.drill": "run" };
const LIMITS = { memoryBytes: 512, nanoCpus: 1_000, pids: 10 };
const point = (dataset: string) => ({ dataset, restorePoint: "ab".repeat(32), at: 1_000 });
const IMAGE_ID = imageIdSchema.parse(`sha256:${"d".repeat(64)}`);

const scratch = (host: HostConfiguration, datasets: readonly string[] = []) =>
  scratchHost(host, datasets.map(point), {
    nameOf: (place) => `drill-${place}`,
    labels: LABELS,
    limits: LIMITS,
  });

interface Odd {
  readonly create?: Record<string, unknown>;
  readonly host?: Record<string, unknown>;
  readonly networks?: HostConfiguration["containers"][number]["blueprint"]["networks"];
}

/** A host of such containers, by their names. */
function hostOf(containers: Readonly<Record<string, Odd>>): HostConfiguration {
  return shopHost({
    networks: [],
    volumes: [],
    containers: Object.entries(containers).map(([name, { create, host, networks = [] }]) => ({
      blueprint: {
        name,
        image: "app:1",
        imageId: IMAGE_ID,
        environment: [],
        create: { ...create, HostConfig: { NetworkMode: networks[0]?.network ?? "default", ...host } },
        networks,
      },
      running: true,
      tellsHealth: false,
      needs: [],
    })),
  });
}

/** The containers by the names that they had. */
function made(host: HostConfiguration, datasets: readonly string[] = []) {
  const { configuration, realNames, left } = scratch(host, datasets);
  const blueprints = configuration.containers.map(({ blueprint }) => blueprint);
  const of = (name: string) => blueprints.find((one) => realNames.get(one.name) === name)!;
  const mountsOf = (name: string) =>
    (
      of(name).create["HostConfig"] as { Mounts: { Source: string; Target: string; ReadOnly: boolean }[] }
    ).Mounts.map(
      ({ Source, Target, ReadOnly }) =>
        `${realNames.get(Source)} at ${Target}${ReadOnly ? ", read-only" : ""}`,
    );
  return { of, mountsOf, left, realNames, configuration };
}

test("containers come along by the id of their image, under other names, in internal networks", () => {
  const { configuration, realNames } = scratch(shopHost(), ["volume:shop-data"]);
  const [web, db] = configuration.containers;

  expect(Object.fromEntries(realNames)).toEqual({
    [`sha256:${"a".repeat(64)}`]: "acme/web:2",
    [`sha256:${"b".repeat(64)}`]: "postgres:16",
    "drill-0": "shop",
    "drill-1": "shop-db",
    "drill-2": "shop-web",
    "drill-3": "bridge",
    "drill-4": "shop-data",
  });
  expect(configuration.networks).toEqual([
    { name: "drill-0", create: { Driver: "bridge", Internal: true, Labels: LABELS } },
    { name: "drill-3", create: { Driver: "bridge", Internal: true, Labels: LABELS } },
  ]);
  expect(configuration.volumes).toEqual([
    { name: "drill-4", driver: "local", labels: LABELS, options: {}, mountpoint: "" },
  ]);
  expect(web).toMatchObject({
    needs: ["drill-1"],
    blueprint: {
      name: "drill-2",
      image: `sha256:${"a".repeat(64)}`,
      networks: [{ network: "drill-0", endpoint: { Aliases: ["shop-web", "web"] } }],
    },
  });
  expect(db?.blueprint.networks).toEqual([
    { network: "drill-0", endpoint: { Aliases: ["shop-db"] } },
    { network: "drill-3", endpoint: { Aliases: ["shop-db"] } },
  ]);
});

test("whatever is asked of the engine or of the host beyond the program itself stays behind", () => {
  const host = hostOf({
    odd: {
      create: {
        Cmd: ["serve"],
        User: "www",
        Healthcheck: { Test: ["CMD", "ok"] },
        Hostname: "odd",
        ExposedPorts: { "80/tcp": {} },
        Labels: { "traefik.enable": "true", "com.docker.compose.project": "shop" },
        MacAddress: "02:42:00:00:00:01",
        OnBuild: ["RUN x"],
        FutureKey: true,
      },
      host: {
        Binds: ["/var/run/docker.sock:/var/run/docker.sock", "/srv/app:/app:ro"],
        Mounts: [
          { Type: "bind", Source: "/", Target: "/host" },
          { Type: "npipe", Source: "x", Target: "/pipe" },
          { Type: "tmpfs", Target: "/tmp" },
        ],
        PortBindings: { "80/tcp": [{ HostPort: "80" }] },
        PublishAllPorts: true,
        Privileged: true,
        CapAdd: ["SYS_ADMIN", "NET_ADMIN", "CAP_IPC_LOCK"],
        CapDrop: ["CHOWN"],
        Devices: [{ PathOnHost: "/dev/sda" }],
        DeviceRequests: [{ Count: -1 }],
        DeviceCgroupRules: ["a *:* rwm"],
        PidMode: "host",
        IpcMode: "host",
        UTSMode: "host",
        UsernsMode: "host",
        CgroupnsMode: "host",
        CgroupParent: "/",
        SecurityOpt: ["no-new-privileges", "seccomp=unconfined", "label=disable"],
        RestartPolicy: { Name: "always" },
        AutoRemove: true,
        LogConfig: { Type: "gelf", Config: { "gelf-address": "udp://logs:1" } },
        ExtraHosts: ["db:10.0.0.1"],
        Dns: ["10.0.0.2"],
        Sysctls: { "net.ipv4.ip_forward": "1" },
        VolumeDriver: "nfs",
        OomKillDisable: true,
        Memory: 1e12,
        FutureKey: true,
      },
    },
  });

  const { of, left } = made(host);

  expect(of("odd").create).toEqual({
    Cmd: ["serve"],
    User: "www",
    Healthcheck: { Test: ["CMD", "ok"] },
    Hostname: "odd",
    Labels: LABELS,
    HostConfig: {
      CapAdd: ["CAP_IPC_LOCK"],
      CapDrop: ["CHOWN"],
      SecurityOpt: ["no-new-privileges"],
      Mounts: [{ Type: "tmpfs", Target: "/tmp" }],
      NetworkMode: "drill-0",
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } },
      Memory: 512,
      MemorySwap: 512,
      NanoCpus: 1_000,
      PidsLimit: 10,
      OomScoreAdj: 500,
    },
  });
  expect(left).toEqual([
    "container odd is tried without /var/run/docker.sock at /var/run/docker.sock",
    "container odd is tried without /srv/app at /app",
    "container odd is tried without / at /host",
    "container odd is tried without x at /pipe",
  ]);
});

test("data is mounted where it was, out of scratch volumes; a folder of the host is one where it is restored", () => {
  const host = hostOf({
    app: {
      create: { Volumes: { "/cache": {}, "/data": {} } },
      host: {
        Binds: ["data:/data:nocopy", "/srv/app:/app:ro,z", "/srv/app/sub:/sub"],
        Mounts: [
          {
            Type: "volume",
            Source: "more",
            Target: "/more/",
            ReadOnly: true,
            VolumeOptions: { DriverConfig: {} },
          },
        ],
      },
    },
    reader: { host: { VolumesFrom: ["app:ro"] } },
  });

  const { mountsOf, of, left, configuration } = made(host, ["volume:data", "bind:/srv/app"]);

  expect(mountsOf("app")).toEqual([
    "app:/cache at /cache",
    "data at /data",
    "/srv/app at /app, read-only",
    "more at /more, read-only",
  ]);
  expect(mountsOf("reader")).toEqual([
    "data at /data, read-only",
    "/srv/app at /app, read-only",
    "more at /more, read-only",
  ]);
  expect(JSON.stringify(of("app"))).not.toContain("DriverConfig");
  expect(left.filter((text) => text.startsWith("container app"))).toEqual([
    "container app is tried without /srv/app/sub at /sub",
  ]);
  expect(configuration.volumes).toHaveLength(4);
});

test("who is reached by a name is reached by it still: links, other namespaces, the host's own network", () => {
  const host = hostOf({
    db: { networks: [{ network: "bridge", endpoint: {} }] },
    web: { host: { Links: ["db:database"] }, networks: [{ network: "bridge", endpoint: {} }] },
    sidecar: { create: { Hostname: "x" }, host: { NetworkMode: "container:web" } },
    orphan: { host: { NetworkMode: "container:gone" } },
    router: { host: { NetworkMode: "host" } },
    alone: { host: { NetworkMode: "none" } },
  });

  const { of, realNames } = made(host);
  const mode = (name: string) => (of(name).create["HostConfig"] as { NetworkMode: string }).NetworkMode;
  const networks = (name: string) => of(name).networks.map(({ network }) => realNames.get(network));

  expect(of("db").networks[0]?.endpoint).toEqual({ Aliases: ["db", "database"] });
  expect(mode("sidecar")).toBe(`container:${of("web").name}`);
  expect([networks("sidecar"), of("sidecar").create["Hostname"]]).toEqual([[], undefined]);
  expect([networks("router"), networks("db"), networks("alone")]).toEqual([["host"], ["bridge"], []]);
  expect(mode("alone")).toBe("none");
  expect(realNames.get(mode("orphan"))).toBe("container:gone");
});

test("it is planned as any recovery is: data from the repository, images by id, nothing of another host's in the way", () => {
  const { configuration, points, realNames } = scratch(shopHost(), [
    "host:configuration",
    "volume:shop-data",
    "bind:/srv/shop",
    "image:acme/web:2",
  ]);

  const steps = planRecovery({
    configuration,
    missing: [],
    points,
    target: { networks: [], volumes: [], containers: [], images: [], filledFolders: [] },
    begun: new Set(),
  });

  expect(steps.map(({ kind, name, reason }) => `${kind} ${realNames.get(name)} ${reason.why}`)).toEqual([
    "network shop absent",
    "network bridge absent",
    "image postgres:16 by-digest",
    "image acme/web:2 saved",
    "volume shop-data restorable",
    "volume /srv/shop restorable",
    "container shop-db absent",
    "container shop-web absent",
    "start shop-db ran",
    "start shop-web ran",
  ]);
});

test("what was sealed and is not opened is left out of the container that it belongs to", () => {
  const { open, takenOut } = takeSecrets(shopHost());
  const { configuration } = scratch({ ...open, takenOut });

  const steps = planRecovery({
    configuration,
    missing: takenOut,
    points: [],
    target: { networks: [], volumes: [], containers: [], images: [], filledFolders: [] },
    begun: new Set(),
  });

  expect(steps.filter(({ decision }) => decision === "refuse")).toEqual([]);
  expect(steps.flatMap(({ kind, warnings }) => (kind === "container" ? warnings : []))).toEqual([
    expect.stringMatching(/POSTGRES_PASSWORD of container shop-db .* left out/),
    expect.stringMatching(/DATABASE_URL of container shop-web .* left out/),
  ]);
});

test("a dump is taken back by the same database, under the name that it has here", () => {
  const host = shopHost({ hooks: { shop: { use: "postgresql", timeout: 1 } } });
  const { configuration, points, realNames } = scratchHost(
    host,
    [{ ...point("dump:shop-data"), dump: { hook: "shop", container: "shop-db" } }],
    { nameOf: (place) => `drill-${place}`, labels: LABELS, limits: LIMITS },
  );

  const [fed] = planRecovery({
    configuration,
    missing: [],
    points,
    target: { networks: [], volumes: [], containers: [], images: [], filledFolders: [] },
    begun: new Set(),
  }).filter(({ kind }) => kind === "feed");

  expect([realNames.get(fed?.name ?? ""), realNames.get(fed?.into ?? "")]).toEqual(["shop-data", "shop-db"]);
});
