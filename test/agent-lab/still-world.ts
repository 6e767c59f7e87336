/** A host of the lab with a database and an application that writes through it, and repositories to back it up to. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine } from "@shipkeeper/docker";
import { busyboxLayer, forgeImage, loadImages, runContainer, startFleet } from "@shipkeeper/lab";
import { containerIdSchema, volumeNameSchema } from "@shipkeeper/model";
import { openRestic, type Repositories } from "@shipkeeper/restic";

export type StillWorld = Awaited<ReturnType<typeof startStillWorld>>;

/** Writes as often as it can, and ends when it is asked to. */
const WRITES = "trap 'exit 0' TERM; while :; do date >> /data/log; sleep 0.05; done";
const IMAGE = "acme/still:1";

export async function startStillWorld(prefix: string) {
  const fleet = await startFleet({ hosts: 1, prefix });
  const host = fleet.host(`${prefix}-1`);
  const folder = mkdtempSync(join(tmpdir(), `shipkeeper-${prefix}-`));
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "a long secret\n", { mode: 0o600 });
  const repositories: Repositories = {
    local: { url: join(folder, "local"), passwordFile },
    offsite: { url: join(folder, "offsite"), passwordFile, offsite: true },
    /** So slow that whatever waits for it waits long. */
    slow: { url: join(folder, "slow"), passwordFile, limitUploadBytesPerS: 768 * 1_024 },
    broken: { url: "/proc/nowhere/repository", passwordFile },
  };
  await loadImages(host, [forgeImage({ tags: [IMAGE], layers: [busyboxLayer()] })]);
  const engine = openEngine({ socketPath: host.socketPath });
  const run = async (name: string, dependsOn?: string) => {
    const made = await runContainer(host, {
      name,
      image: IMAGE,
      command: ["/bin/sh", "-c", WRITES],
      mounts: [{ volume: "shop-data", target: "/data" }],
      labels: dependsOn === undefined ? {} : { "shipkeeper.depends-on": dependsOn },
      env: { DB_PASSWORD: "correct-horse" },
    });
    return containerIdSchema.parse(made.id);
  };
  const db = await run("db");
  const app = await run("app", "db");
  const volume = (await engine.volumes()).find(({ name }) => name === volumeNameSchema.parse("shop-data"))!;
  writeFileSync(join(volume.mountpoint, "blob"), randomBytes(8 * 1_024 * 1_024));
  const restic = (await openRestic({ repositories }))!;

  return {
    fleet,
    host,
    engine,
    folder,
    repositories,
    restic,
    volume,
    db,
    app,
    /** Of application and database. */
    states: async () => {
      const seen = await Promise.all([app, db].map((id) => engine.container(id)));
      return seen.map((container) => container?.state);
    },
    stop: async () => {
      await fleet.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function stillRule(more: string): string {
  return `{ backup: shop, mode: enforce, every: 1h, select: { volumes: [shop-data] }, ${more} }`;
}

export function stillPolicy(more: string): string {
  return `{ policy: lab, hosts: { environment: lab }, rules: [${stillRule(more)}] }`;
}
