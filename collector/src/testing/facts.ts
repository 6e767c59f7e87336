/** What hosts hold, for tests, said in as few words as the promise needs; everything unsaid is harmless. */
import { days, type Instant } from "@shipkeeper/kit";
import {
  containerIdSchema,
  imageIdSchema,
  type Container,
  type Image,
  type Inventory,
} from "@shipkeeper/model";
import { plainContainer, plainImage } from "@shipkeeper/model/testing";
import type { Incident, Outcome, PolicyBundle, Round, Verdict } from "@shipkeeper/policy";
import { encodeSampleGroup, type AgentStatus, type KnownEntry } from "@shipkeeper/protocol";
import { sha256Hex } from "@shipkeeper/runtime";

export const NOW: Instant = Date.UTC(2030, 0, 31, 2);

/** A UUID that is the same for the same name. */
export function uuid(name: string): string {
  const hex = sha256Hex(name);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    "-",
  );
}

export const containerId = (name: string) => containerIdSchema.parse(sha256Hex(name));
export const imageId = (name: string) => imageIdSchema.parse(`sha256:${sha256Hex(name)}`);

export function container(name: string, facts: Partial<Container> = {}): Container {
  const image = `of-${name}:1`;
  return plainContainer({ id: containerId(name), name, imageId: imageId(image), image, ...facts });
}

export function image(
  tag: string,
  { ageDays = 30, ...facts }: Partial<Image> & { ageDays?: number } = {},
): Image {
  return plainImage({
    id: imageId(tag),
    tags: [tag],
    createdAt: NOW - days(ageDays),
    sizeBytes: 100e6,
    layers: [`layer-of-${tag}`],
    ...facts,
  });
}

export function inventory(facts: Partial<Inventory> = {}): Inventory {
  const disk = {
    path: "/var/lib/docker",
    totalBytes: 100e9,
    freeBytes: 40e9,
    totalInodes: 1e6,
    freeInodes: 5e5,
  };
  return {
    takenAt: NOW,
    host: {
      hostname: "web-1",
      kernel: "6.1",
      operatingSystem: "Debian 12",
      architecture: "x86_64",
      cpus: 4,
      memoryBytes: 8e9,
      disks: [disk],
    },
    containers: [],
    images: [],
    volumes: [],
    networks: [],
    buildCache: [],
    gaps: [],
    ...facts,
  };
}

export const inventoryEntry = (facts: Partial<Inventory> = {}): KnownEntry => ({
  kind: "inventory",
  inventory: inventory(facts),
});

export function eventEntry(what: string, at: Instant = NOW): KnownEntry {
  return { kind: "event", at, what, facts: {} };
}

/** A round that planned to prune one image and to keep another. */
export function pruneRound(name: string): Round {
  const verdict = (tag: string, decision: string, reason: Verdict["reason"]): Verdict => ({
    target: { type: "image", id: imageId(tag), name: tag },
    decision,
    reason,
  });
  const verdicts = [
    verdict("web:1", "remove", { why: "unused", unusedForMs: days(90), limitMs: days(14) }),
    verdict("web:2", "keep", { why: "newest-of-repository", repository: "web", keepNewest: 1 }),
  ];
  return {
    id: uuid(`round ${name}`) as Round["id"],
    at: NOW,
    revision: 1,
    planned: [{ policy: "production", rule: "host-cache", kind: "prune", mode: "enforce", verdicts }],
    waiting: [{ policy: "production", rule: "databases", kind: "backup", why: "due 2030-01-31 03:00Z" }],
  };
}

/** The start and the end of the run that such a round leads to. */
export function pruneRun(
  name: string,
  outcome: Partial<Outcome> = {},
): [started: KnownEntry, finished: KnownEntry] {
  const runId = uuid(`run ${name}`);
  const step = {
    target: { type: "image", id: imageId("web:1"), name: "web:1" },
    decision: "remove",
    status: "done",
    startedAt: NOW + 1_000,
    finishedAt: NOW + 2_000,
  } as const;
  const started = {
    kind: "run-started",
    runId,
    roundId: uuid(`round ${name}`),
    at: NOW,
    policy: "production",
    revision: 1,
    rule: "host-cache",
    action: "prune",
    mode: "enforce",
    steps: 1,
  };
  const finished = {
    kind: "run-finished",
    runId,
    action: "prune",
    at: NOW + 3_000,
    ended: "finished",
    outcome: { steps: [step], freedBytes: 100e6, ...outcome },
  };
  return [started as KnownEntry, finished as KnownEntry];
}

/** Readings of one container every ten seconds from `from` on, and their bytes. */
export function sampleChunk(name: string, { from = NOW, count = 6 } = {}) {
  const times = Array.from({ length: count }, (_, index) => from + index * 10_000);
  const columns = { pids: times.map((_, index) => index), memoryUsageBytes: times.map(() => 1_000) };
  return encodeSampleGroup({ times, series: [{ subject: containerId(name), name, columns }] });
}

export function status(facts: Partial<AgentStatus> = {}): AgentStatus {
  return {
    version: "0.1.0",
    startedAt: NOW,
    policyRevision: 0,
    guardrails: { state: "absent" },
    outbox: { entries: 0, bytes: 0 },
    sampling: "cgroup-v2",
    capabilities: [],
    ...facts,
  };
}

export function bundle(
  revision: number,
  facts: Partial<PolicyBundle["policies"][number]> = {},
): PolicyBundle {
  const owners = {
    labels: ["com.acme.owner"],
    map: { payments: { match: ["pay-*"], mail: "payments@acme.example" } },
  };
  return {
    format: 1,
    revision,
    issuedAt: NOW,
    expiresAt: NOW + days(90),
    policies: [
      {
        name: "production",
        hosts: { environment: "production" },
        owners,
        exceptions: [],
        checks: [],
        waivers: [],
        rules: [],
        ...facts,
      },
    ],
  };
}

/** The container `name` is sick since `NOW`, and nothing was done about it. */
export function incident(name: string, facts: Partial<Incident> = {}): Incident {
  const { id, image, imageId } = container(name);
  return {
    id: uuid(`incident of ${name}`),
    at: NOW,
    identity: `name:${name}`,
    container: { id, name, image, imageId },
    sign: "unhealthy",
    cause: "its health check fails",
    sickAt: NOW,
    detectedAt: NOW,
    heals: 0,
    members: [],
    policy: "lab",
    rule: "sick",
    ...facts,
  };
}

export const incidentEntry = (name: string, facts: Partial<Incident> = {}): KnownEntry => ({
  kind: "incident",
  ...incident(name, facts),
});
