import { volumeNameSchema, hostIdSchema, imageIdSchema } from "@shipkeeper/model";
import type { HostConfiguration, RecordedContainer } from "../recovery/host-configuration.ts";

const SHOP_ID = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-00000000000a");
const imageId = (digit: string) => imageIdSchema.parse(`sha256:${digit.repeat(64)}`);

/** A host with a shop of two containers, a network of its own and a volume. */
export function shopHost(facts: Partial<HostConfiguration> = {}): HostConfiguration {
  return {
    format: 1,
    writtenAt: Date.parse("2030-01-31T02:00:00Z"),
    host: { id: SHOP_ID, name: "shop-1", labels: { site: "vie" } },
    engine: { version: "20.10.24", rootDir: "/var/lib/docker", storageDriver: "overlay2" },
    containers: [shopWeb(), shopDatabase()],
    images: [
      { id: imageId("a"), tags: ["acme/web:2"], digests: [] },
      { id: imageId("b"), tags: ["postgres:16"], digests: [`postgres@sha256:${"c".repeat(64)}`] },
    ],
    networks: [
      {
        name: "shop",
        create: {
          Driver: "bridge",
          Internal: false,
          IPAM: { Driver: "default", Config: [{ Subnet: "10.5.0.0/24", Gateway: "10.5.0.1" }] },
          Labels: { "com.acme.owner": "shop" },
        },
      },
    ],
    volumes: [
      {
        name: volumeNameSchema.parse("shop-data"),
        driver: "local",
        labels: { "com.acme.owner": "shop" },
        options: {},
        mountpoint: "/var/lib/docker/volumes/shop-data/_data",
      },
    ],
    hooks: {},
    restorePoints: [
      {
        dataset: "volume:shop-data",
        repository: "local",
        restorePoint: "1a2b3c4d".repeat(8),
        at: Date.parse("2030-01-31T01:55:00Z"),
      },
    ],
    takenOut: [],
    gaps: [],
    ...facts,
  };
}

function shopWeb(): RecordedContainer {
  return {
    blueprint: {
      name: "shop-web",
      image: "acme/web:2",
      imageId: imageId("a"),
      environment: [
        { name: "DATABASE_URL", value: "postgres://shop:sword%20fish@shop-db/shop" },
        { name: "LANG", value: "C.UTF-8" },
      ],
      create: {
        Cmd: ["serve", "it's", "--port=80"],
        Labels: { "com.acme.owner": "shop" },
        HostConfig: {
          NetworkMode: "shop",
          PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }] },
          RestartPolicy: { Name: "unless-stopped", MaximumRetryCount: 0 },
          Memory: 67_108_864,
          DeviceRequests: [{ Count: -1 }],
        },
      },
      networks: [
        { network: "shop", endpoint: { Aliases: ["web"], IPAMConfig: { IPv4Address: "10.5.0.7" } } },
      ],
    },
    running: true,
    tellsHealth: false,
    needs: ["shop-db"],
  };
}

function shopDatabase(): RecordedContainer {
  return {
    blueprint: {
      name: "shop-db",
      image: "postgres:16",
      imageId: imageId("b"),
      environment: [{ name: "POSTGRES_PASSWORD", value: "sword fish" }, { name: "UNSET" }],
      create: {
        Cmd: ["postgres"],
        Entrypoint: ["docker-entrypoint.sh"],
        Healthcheck: { Test: ["CMD", "pg_isready", "-U", "shop owner"], Interval: 2e9, Retries: 3 },
        HostConfig: { NetworkMode: "shop", Binds: ["shop-data:/var/lib/postgresql/data"] },
      },
      networks: [
        { network: "shop", endpoint: {} },
        { network: "bridge", endpoint: {} },
      ],
    },
    running: true,
    tellsHealth: true,
    needs: [],
  };
}
