/** A candidate policy tried out on a fleet of 1,000 hosts, each with 50 containers and 40 images, over the whole request: 5 s are allowed on two cores. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { days, HOUR_MS } from "@shipkeeper/kit";
import type { Container, HostId, Image } from "@shipkeeper/model";
import { plainVolume } from "@shipkeeper/model/testing";
import { compileBundle, parsePolicy } from "@shipkeeper/policy";
import { policyPreviewSchema } from "@shipkeeper/protocol";
import { createSigningKey, sealBundle } from "@shipkeeper/runtime";
import { seededRandom } from "@shipkeeper/lab";
import type { Store } from "../../collector/src/store/store.ts";
import { storeEntry } from "../../collector/src/ingest/store-entry.ts";
import { NOW, container, image, imageId, inventoryEntry, uuid } from "../../collector/src/testing/facts.ts";
import { standingEntry } from "../../collector/src/testing/standing.ts";
import { startTestCollector } from "../../collector/src/testing/test-collector.ts";
import { compare, timed } from "./compare.ts";

const HOSTS = 1_000;
const CONTAINERS = 50;
const IMAGES = 40;

const TEAMS = ["pay", "search", "shop", "mail"];
const nameOf = (number: number) => `acme/${TEAMS[number % 4]}-${number % 10}:1.${Math.floor(number / 10)}.0`;

const random = seededRandom(1);
const folder = mkdtempSync(join(tmpdir(), "shipkeeper-bench-"));
const collector = await startTestCollector({ file: join(folder, "collector.db") });
try {
  // Before the hosts: what is stored by it needs no second look for its owners, which would go on beside the measuring.
  await push(policyText({ unusedFor: "14d", maxAge: "180d" }));
  for (let index = 0; index < HOSTS; index += 1) furnish(collector.store, index);

  const db = collector.store.db;
  const bodies = ["container", "image", "volume"].map((table) =>
    db.prepare<[], string>(`SELECT body FROM ${table}`).pluck(),
  );
  const size = bodies.flatMap((body) => body.all()).reduce((sum, text) => sum + text.length, 0);
  console.log(`${HOSTS} hosts, ${Math.round(size / 1e6)} MB of containers, images and volumes`);

  const asked = {
    body: { files: [{ file: "candidate.yaml", text: policyText({ unusedFor: "7d", maxAge: "90d" }) }] },
  };
  await compare({
    what: `preview of ${HOSTS} hosts with ${CONTAINERS} containers and ${IMAGES} images each`,
    baselineIs: "reading and parsing the same rows, nothing else",
    unit: "ms",
    rounds: 3,
    subject: () =>
      timed(async () => {
        const reply = await collector.ask("POST", "/api/v1/policies/preview", asked);
        const { hosts } = policyPreviewSchema.parse(reply.json());
        if (hosts.judged !== HOSTS) throw new Error(`${hosts.judged} hosts were judged`);
      }),
    baseline: () =>
      timed(() => {
        for (const body of bodies) for (const text of body.iterate()) JSON.parse(text);
      }),
  });
} finally {
  await collector.close();
  rmSync(folder, { recursive: true, force: true });
}

function policyText({ unusedFor, maxAge }: { unusedFor: string; maxAge: string }): string {
  return `policy: production
hosts: { environment: production }
images: { maxAge: ${maxAge}, labels: [com.acme.owner] }
owners: { labels: [com.acme.owner], map: { payments: { match: ["acme/pay-*"] }, search: { match: ["acme/search-*"] } } }
rules:
  - prune: cache
    mode: enforce
    schedule: "0 3 * * *"
    images: { unusedFor: ${unusedFor}, keepNewest: 1, except: ["registry.acme.example/base/*"] }
    containers: { exitedFor: 72h }
  - backup: databases
    mode: enforce
    every: 1h
    select: { volumes: ["data-*"] }
    to: [local]
  - restart: unhealthy
    mode: enforce
    after: 30s
`;
}

async function push(text: string): Promise<void> {
  const { policies } = parsePolicy([{ file: "in-force.yaml", text }], { now: NOW });
  const bundle = compileBundle(policies, { revision: 1, issuedAt: NOW, expiresAt: NOW + days(90) });
  await collector.ask("POST", "/api/v1/policies", { body: sealBundle(bundle, createSigningKey()) });
}

function furnish(store: Store, index: number): void {
  const hostId = uuid(`host ${index}`) as HostId;
  const epoch = uuid(`epoch ${index}`) as Parameters<typeof store.epochs.claim>[0];
  const hostname = `web-${index}`;
  const labels = { environment: "production" };
  store.hosts.add({
    id: hostId,
    hostname,
    labels,
    publicKey: hostId,
    agentVersion: "0.1.0",
    enrolledAt: NOW,
  });
  store.hosts.recordSeen(hostId, NOW);
  const images = Array.from({ length: IMAGES }, (_, number) => realisticImage(number));
  const containers = Array.from({ length: CONTAINERS }, (_, number) => realisticContainer(number));
  const volumes = Array.from({ length: 10 }, (_, number) =>
    plainVolume(`data-${number}`, { sizeBytes: 1e9 }),
  );
  const origin = { hostId, epoch, seq: 1, receivedAt: NOW };
  store.transaction(() => {
    storeEntry(store, origin, inventoryEntry({ images, containers, volumes }), []);
    storeEntry(store, origin, standingEntry(), []);
  });
}

function realisticImage(number: number): Image {
  const tag = nameOf(number);
  const firstSeenAt = NOW - days(random.between(1, 120));
  return image(tag, {
    ageDays: random.between(1, 400),
    digests: [`acme/x@${imageId(tag)}`],
    sizeBytes: random.between(50e6, 900e6),
    sharedBytes: 40e6,
    layers: Array.from({ length: 9 }, (_, layer) => imageId(`layer ${number % 10} ${layer}`)),
    labels: {
      "com.acme.owner": number % 3 === 0 ? "payments" : "",
      "org.opencontainers.image.source": `https://git.acme.example/${tag}`,
      "org.opencontainers.image.revision": imageId(tag).slice(7, 47),
      "org.opencontainers.image.created": "2029-12-24T18:00:00Z",
      "org.opencontainers.image.title": tag,
    },
    history: Array.from({ length: 14 }, (_, line) => ({
      createdAt: firstSeenAt,
      createdBy: `RUN /bin/sh -c set -eux; apt-get update; apt-get install -y --no-install-recommends package-${line} # buildkit`,
      sizeBytes: line * 1e6,
      comment: "buildkit.dockerfile.v0",
    })),
    memory: { firstSeenAt, lastUsedAt: firstSeenAt + HOUR_MS },
  });
}

function realisticContainer(number: number): Container {
  const tag = nameOf(number % 30);
  const ended = number % 10 === 9;
  const probe = { startedAt: NOW - 30_000, endedAt: NOW - 29_900, exitCode: 0, output: "HTTP/1.1 200 OK" };
  return container(`service-${number}`, {
    imageId: imageId(tag),
    image: tag,
    command: ["/usr/bin/node", "--enable-source-maps", "/srv/app/main.js"],
    environment: Array.from({ length: 20 }, (_, index) => `ACME_SETTING_${index}`),
    state: ended ? "exited" : "running",
    ...(ended && { finishedAt: NOW - days(random.between(1, 30)), exitCode: 0 }),
    createdAt: NOW - days(40),
    startedAt: NOW - days(40),
    labels: {
      "com.acme.owner": "shop",
      "com.docker.compose.project": "shop",
      "com.docker.compose.service": `service-${number}`,
      "com.docker.compose.config-hash": imageId(`config ${number}`),
      "com.docker.compose.project.working_dir": "/srv/shop",
      "traefik.http.routers.shop.rule": `Host(\`service-${number}.acme.example\`)`,
    },
    health: { status: "healthy", failingStreak: 0, log: [probe, probe, probe, probe, probe] },
    mounts: [
      {
        type: "volume",
        volume: `data-${number % 10}`,
        source: "/var/lib/docker/volumes/data/_data",
        destination: "/data",
        readOnly: false,
      },
      { type: "bind", source: "/etc/acme", destination: "/etc/acme", readOnly: true },
    ],
    networks: [{ name: "shop_default", id: imageId("network").slice(7), address: "172.18.0.9" }],
    ports: [{ container: 8_080, protocol: "tcp", hostAddress: "0.0.0.0", host: 30_000 + number }],
  });
}
