import { volumeNameSchema } from "@shipkeeper/model";
import { expect, test } from "vitest";
import type { Isolation } from "../engine.ts";
import { isolableAnswer, isolateConfiguration } from "./isolate-configuration.ts";

const ID = "0123456789ab".padEnd(64, "c");
const ISOLATION: Isolation = {
  network: "scratch-net",
  volumes: new Map([["/data", volumeNameSchema.parse("scratch-data")]]),
  labels: { drill: "1" },
  memoryBytes: 64,
  nanoCpus: 500,
  pids: 10,
};

const isolate = ({ config, hostConfig }: { config?: object; hostConfig?: object } = {}) =>
  isolateConfiguration(
    isolableAnswer.parse({
      Id: ID,
      Image: "sha256:aa",
      Config: { Image: "web:1", Hostname: ID.slice(0, 12), ...config },
      HostConfig: { NetworkMode: "front", CapAdd: null, ...hostConfig },
    }),
    ISOLATION,
  );

test("the program comes along with its environment and its health check, by the id of its image", () => {
  const config = { Env: ["TOKEN=secret"], Cmd: ["serve"], Healthcheck: { Test: ["CMD", "ok"] }, User: "www" };

  const order = isolate({ config, hostConfig: { ShmSize: 7, Tmpfs: { "/run": "" } } });

  expect(order).toMatchObject({ ...config, Image: "sha256:aa", HostConfig: { ShmSize: 7 } });
  expect(order).not.toHaveProperty("Hostname");
  expect(isolate({ config: { Hostname: "db" } })).toMatchObject({ Hostname: "db" });
});

test("nothing that is real comes along: mounts, networks, ports, devices, privileges, labels, log servers", () => {
  const order = isolate({
    config: {
      Labels: { "traefik.enable": "true" },
      Volumes: { "/data": {} },
      ExposedPorts: { "80/tcp": {} },
    },
    hostConfig: {
      Binds: ["/srv/real:/data", "/var/run/docker.sock:/var/run/docker.sock"],
      Mounts: [
        { Type: "volume", Source: "real", Target: "/more" },
        { Type: "bind", Source: "/", Target: "/host" },
        { Type: "tmpfs", Target: "/tmp" },
      ],
      VolumesFrom: ["other"],
      Links: ["/db:/web/db"],
      PortBindings: { "80/tcp": [{ HostPort: "80" }] },
      PublishAllPorts: true,
      Privileged: true,
      CapAdd: ["SYS_ADMIN", "CAP_IPC_LOCK", "NET_ADMIN"],
      CapDrop: ["CHOWN"],
      Devices: [{ PathOnHost: "/dev/sda" }],
      PidMode: "host",
      IpcMode: "host",
      UTSMode: "host",
      UsernsMode: "host",
      CgroupParent: "/",
      SecurityOpt: ["no-new-privileges", "apparmor=unconfined", "label=disable"],
      RestartPolicy: { Name: "always" },
      AutoRemove: true,
      LogConfig: { Type: "gelf", Config: { "gelf-address": "udp://logs:1" } },
      ExtraHosts: ["db:10.0.0.1"],
    },
  });

  expect(order).toEqual({
    Image: "sha256:aa",
    Labels: { drill: "1" },
    HostConfig: {
      ReadonlyRootfs: false,
      CapAdd: ["CAP_IPC_LOCK"],
      CapDrop: ["CHOWN"],
      SecurityOpt: ["no-new-privileges"],
      NetworkMode: "scratch-net",
      Mounts: [
        { Type: "tmpfs", Target: "/tmp" },
        { Type: "volume", Source: "scratch-data", Target: "/data" },
      ],
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } },
      Memory: 64,
      MemorySwap: 64,
      NanoCpus: 500,
      PidsLimit: 10,
    },
    NetworkingConfig: { EndpointsConfig: { "scratch-net": {} } },
  });
});

test("a name that it had in somebody else's network stays there", () => {
  expect(
    isolate({ config: { Hostname: "other" }, hostConfig: { NetworkMode: "container:abc" } }),
  ).not.toHaveProperty("Hostname");
});
