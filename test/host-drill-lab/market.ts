/** Two hosts with the same things by name: what is rebuilt of one of them on the other must not touch what is there. */
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openEngine } from "@shipkeeper/docker";
import {
  busyboxLayer,
  fillVolume,
  forgeImage,
  loadImages,
  runContainer,
  type LabHost,
} from "@shipkeeper/lab";
import { hostIdSchema, runIdSchema } from "@shipkeeper/model";
import { openRestic, type Repositories } from "@shipkeeper/restic";
import { hostBundleKeeper } from "../../agent/src/host-bundle/keep-bundle.ts";

/** The host that is rebuilt. */
export const MARKET_ID = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-0000000000ff");
export const IMAGE = "acme/market:1";
export const SECRET = "hunter22!";

/**
 * A database, and a web server that is well only while it reaches the database by name, has a published port, the engine's
 * socket and a folder of the host. `stock` is all that tells one market from another.
 */
export async function openMarket(host: LabHost, { stock, folder }: { stock: string; folder: string }) {
  const image = forgeImage({ tags: [IMAGE], layers: [busyboxLayer(), [{ path: "stock", content: stock }]] });
  await loadImages(host, [image]);
  await fillVolume(host, "market-data", [
    { path: "index.html", content: stock },
    { path: "ballast", content: ballast(stock) },
  ]);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "prices"), `prices of ${stock}`);
  await host.engine.createNetwork({ Name: "market", Driver: "bridge" });
  const common = { image: IMAGE, networkMode: "market", restart: "always" } as const;
  const quick = { intervalMs: 300, timeoutMs: 5_000, retries: 40 };
  const db = await runContainer(host, {
    ...common,
    name: "market-db",
    command: ["sh", "-c", `test -n "$DB_PASSWORD" && exec httpd -f -p 8080 -h /data`],
    env: { DB_PASSWORD: SECRET },
    labels: { "traefik.enable": "true" },
    mounts: [{ volume: "market-data", target: "/data" }],
    healthcheck: { ...quick, test: ["CMD-SHELL", "wget -q -O - http://127.0.0.1:8080/index.html"] },
    behaves: { kind: "healthy" },
  });
  // A name that nobody has is looked up for long where nothing answers.
  const askDb = `timeout 2 wget -q -O - http://market-db:8080/index.html | grep -q '${stock}'`;
  const web = await host.engine.createContainer({
    name: "market-web",
    Image: IMAGE,
    // It ends where its database is not there yet, and nothing says that it needs one.
    Cmd: ["sh", "-c", `${askDb} && grep -q '${stock}' /prices/prices && exec httpd -f -p 80 -h /prices`],
    ExposedPorts: { "80/tcp": {} },
    Healthcheck: {
      Test: ["CMD-SHELL", `${askDb} && wget -q -O - http://127.0.0.1/prices`],
      Interval: 3e8,
      Retries: 40,
    },
    HostConfig: {
      NetworkMode: "market",
      RestartPolicy: { Name: "always" },
      PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8089" }] },
      PidMode: "host",
      Binds: [`${folder}:/prices`, `${host.socketPath}:/var/run/docker.sock`],
    },
  });
  await web.start();
  return { db: db.handle, web, image };
}

/** What no other file shares a pack with for the most part: so much that no compression makes it small. */
function ballast(stock: string): Buffer {
  const pieces = Array.from({ length: 20_000 }, (_, place) =>
    createHash("sha256").update(`${stock} ${place}`).digest(),
  );
  return Buffer.concat(pieces);
}

/** Everything that a host's own agent would have kept of a market, in each of the repositories. */
export async function keepMarket(
  host: LabHost,
  {
    folder,
    stateDir,
    repositories,
    recoveryKeys,
  }: { folder: string; stateDir: string; repositories: Repositories; recoveryKeys: readonly string[] },
): Promise<void> {
  const restic = (await openRestic({ repositories }))!;
  const engine = openEngine({ socketPath: host.socketPath });
  const runId = runIdSchema.parse("5d0c1f0e-0000-4000-8000-0000000000fe");
  const by = { hostId: MARKET_ID, policy: "lab", rule: "all", runId };
  const keep = hostBundleKeeper(
    { stateDir, guardrails: "/nowhere/guardrails.yaml" },
    {
      engine,
      hostId: MARKET_ID,
      labels: {},
      restorePoints: () => [],
      policy: () => undefined,
      recoveryKeys: () => recoveryKeys,
      clock: Date.now,
    },
  );
  const kept = await keep({ hooks: {}, signal: new AbortController().signal });
  for (const repository of restic.repositoryNames) {
    await restic.ensureRepository(repository);
    const source = join(host.dataRoot, "volumes/market-data/_data");
    await restic.backUp(repository, { ...by, dataset: "volume:market-data", folder: source });
    await restic.backUp(repository, { ...by, dataset: `bind:${folder}`, folder });
    await restic.backUpStream(repository, {
      ...by,
      dataset: `image:${IMAGE}`,
      filename: "image.tar",
      async *content(signal) {
        yield* await engine.saveImage(IMAGE, { signal });
      },
    });
    await restic.backUp(repository, { ...by, dataset: "host:configuration", ...kept });
  }
}

/** All things of a host, by what cannot change without anybody having touched them. */
export async function describeHost({ engine, dataRoot }: LabHost) {
  const [containers, volumes, networks, images] = await Promise.all([
    engine.listContainers({ all: true }),
    engine.listVolumes(),
    engine.listNetworks(),
    engine.listImages(),
  ]);
  const sorted = (all: readonly string[]) => all.toSorted();
  return {
    containers: sorted(containers.map(({ Id, Names, State }) => `${Names[0]} ${Id} ${State}`)),
    volumes: sorted(volumes.Volumes.map(({ Name }) => Name)),
    networks: sorted(networks.map(({ Id, Name }) => `${Name} ${Id}`)),
    images: sorted(images.map(({ Id, RepoTags }) => `${Id} ${(RepoTags ?? []).join(" ")}`)),
    folders: sorted(readdirSync(dataRoot)),
  };
}
