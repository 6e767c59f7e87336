import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FakeEngine } from "@shipkeeper/docker";
import { hostIdSchema } from "@shipkeeper/model";
import { hostConfigurationSchema } from "@shipkeeper/policy";
import { makeRecoveryKey, openSealed, recoveryPublicKey } from "@shipkeeper/runtime";
import { expect, onTestFinished, test } from "vitest";
import { makeHostBundle, writeBundle, type BundleFiles } from "./host-bundle.ts";
import { readConfiguration } from "./read-configuration.ts";
import { readHostFiles } from "./read-files.ts";

const HOST_ID = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000001");
const NOW = Date.parse("2030-01-31T02:00:00Z");

function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-bundle-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A host with a database and a web server that lives in its network; `composeFile` is what the database came from. */
function shop(composeFile = "/nowhere/compose.yaml") {
  const engine = new FakeEngine({ clock: () => NOW });
  engine.addImage({ tags: ["postgres:16"], digests: [`postgres@sha256:${"c".repeat(64)}`] });
  engine.addImage({ tags: ["unused:1"] });
  engine.addNetwork({ name: "bridge" });
  engine.addNetwork({ name: "shop", labels: { "com.acme.owner": "shop" } });
  const db = engine.addContainer({
    name: "db",
    image: "postgres:16",
    environment: ["POSTGRES_PASSWORD", "LANG"],
    labels: { "com.docker.compose.project.config_files": `${composeFile},/etc/shadow` },
  });
  engine.secretsById.set(db.id, ["hunter22!", "C.UTF-8"]);
  const web = engine.addContainer({ name: "web", image: "postgres:16", state: "exited" });
  Object.assign(web.privileges, { networkMode: `container:${db.id}` });
  engine.addContainer({ ...web });
  return { engine, db };
}

function read({ engine }: ReturnType<typeof shop>) {
  const sources = {
    hostId: HOST_ID,
    labels: { site: "vie" },
    restorePoints: [],
    policy: undefined,
    hooks: {},
    now: NOW,
  };
  return readConfiguration({ ...sources, engine });
}

const configurationIn = (bundle: BundleFiles) =>
  hostConfigurationSchema.parse(JSON.parse(bundle.get("configuration.json") ?? ""));

test("a host's configuration names others by name, and what each container needs", async () => {
  const { containers, images, networks, host, gaps } = await read(shop());

  expect(host).toMatchObject({ id: HOST_ID, name: "fake-1", labels: { site: "vie" } });
  expect(containers.map(({ blueprint, running, needs }) => [blueprint.name, running, needs])).toEqual([
    ["db", true, []],
    ["web", false, ["db"]],
  ]);
  expect(containers[1]?.blueprint.create["HostConfig"]).toMatchObject({ NetworkMode: "container:db" });
  expect(images.map(({ tags }) => tags)).toEqual([["postgres:16"]]);
  expect(networks.map(({ name }) => name)).toEqual(["shop"]);
  expect(gaps).toEqual([]);
});

test("a container that cannot be read is a gap, and the others are there", async () => {
  const world = shop();
  world.engine.fail({ call: "containerBlueprint", subject: world.db.id, with: new Error("busy") });

  const { containers, gaps } = await read(world);

  expect(containers.map(({ blueprint }) => blueprint.name)).toEqual(["web"]);
  expect(gaps).toEqual([`container ${world.db.id}: busy`]);
});

test("secrets are in the sealed part alone, for the recovery key", async () => {
  const key = makeRecoveryKey();
  const configuration = await read(shop());
  const compose = {
    name: "compose/1-compose.yaml",
    path: "/srv/compose.yaml",
    text: "POSTGRES_PASSWORD: hunter22!\n",
  };

  const bundle = makeHostBundle({ configuration, files: [compose], recoveryKeys: [recoveryPublicKey(key)] });

  const { "secrets.sealed": sealed = "", ...open } = Object.fromEntries(bundle);
  expect(JSON.stringify(open)).not.toContain("hunter22");
  expect(Object.keys(open)).toContain("files/compose/1-compose.yaml");
  const content: unknown = JSON.parse(Buffer.from(openSealed(key, sealed)).toString("utf8"));
  expect(content).toEqual({
    format: 1,
    values: { "/containers/0/blueprint/environment/0/value": "hunter22!" },
    files: { "compose/1-compose.yaml": compose.text },
  });
});

test("without a recovery key secrets are kept nowhere, and the bundle says which are missing", async () => {
  const bundle = makeHostBundle({ configuration: await read(shop()), files: [], recoveryKeys: [] });

  expect(JSON.stringify([...bundle])).not.toContain("hunter22");
  expect(bundle.has("secrets.sealed")).toBe(false);
  expect(configurationIn(bundle).takenOut.map(({ what }) => what)).toEqual([
    "variable POSTGRES_PASSWORD of container db",
  ]);
  expect(bundle.get("RUNBOOK.txt")).toContain("POSTGRES_PASSWORD of container db is not set");
});

test("compose files are read from where labels say, and nothing else that a label names", async () => {
  const folder = tempFolder();
  const composeFile = join(folder, "compose.yaml");
  writeFileSync(composeFile, "services: {}\n");

  const { files, gaps } = await readHostFiles(await read(shop(composeFile)), {
    "daemon.json": join(folder, "absent.json"),
  });

  expect(files).toEqual([{ name: "compose/1-compose.yaml", path: composeFile, text: "services: {}\n" }]);
  expect(gaps).toEqual([]);
});

test("the folder is root's alone", async () => {
  const folder = join(tempFolder(), "bundle");

  await writeBundle(folder, new Map([["files/a.txt", "a"]]));

  expect(readFileSync(join(folder, "files/a.txt"), "utf8")).toBe("a");
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, "files/a.txt")).mode & 0o777).toBe(0o600);
});
