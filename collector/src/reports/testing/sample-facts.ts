/** A small fleet by hand: one of everything that a report has to tell. */
import { HOUR_MS, MINUTE_MS, days } from "@shipkeeper/kit";
import type { ReportedLog } from "@shipkeeper/protocol";
import type { ContainerFact, FleetFacts, HostFact, ImageFact } from "../fleet-facts.ts";
import { sampleCompliance } from "./sample-compliance.ts";
import { sampleFigures } from "./sample-figures.ts";
import { sampleTrouble } from "./sample-trouble.ts";

export const NOW = Date.UTC(2030, 0, 31, 6);

export const EMPTY_FACTS: FleetFacts = {
  since: NOW - days(1),
  silentAfterMs: 5 * MINUTE_MS,
  hosts: [],
  containers: [],
  images: [],
  volumes: [],
  runs: [],
  held: [],
  waitingRules: [],
  restorePoints: [],
  objectives: [],
  coverage: [],
  repositories: [],
  drills: [],
  logs: [],
  postMortems: [],
  compliance: { score: undefined, owners: [], findings: [], notJudged: [] },
  availability: { containers: [], services: [], hosts: [] },
  alerts: [],
  incidents: [],
  troubles: [],
};

export function hostFact(host: string, overrides: Partial<HostFact> = {}): HostFact {
  return {
    host,
    lastSeenAt: NOW - 20_000,
    agentVersion: "0.1.0",
    policyRevision: 3,
    cacheBytes: 3.4e9,
    idleBuildCacheBytes: 0,
    disks: [],
    ...overrides,
  };
}

export function imageFact(
  host: string,
  name: string,
  ageDays: number | undefined,
  overrides: Partial<ImageFact> = {},
): ImageFact {
  return {
    host,
    id: `sha256:${name}`,
    name,
    createdAt: ageDays === undefined ? undefined : NOW - days(ageDays),
    sizeBytes: 180e6,
    ownBytes: 60e6,
    usedBy: [],
    runBy: [],
    ...overrides,
  };
}

export function containerFact(
  host: string,
  name: string,
  overrides: Partial<ContainerFact> = {},
): ContainerFact {
  return { host, id: `${host}/${name}`, name, state: "running", health: "healthy", ...overrides };
}

function logFact(host: string, container: string, overrides: Partial<ReportedLog>): ReportedLog {
  return {
    host,
    container,
    bytesPerMinute: 0,
    matches: [],
    isBursting: false,
    growsWithoutEnd: false,
    ...overrides,
  };
}

/** Free bytes that sink by a fixed amount an hour. */
export function sinkingDisk(freeBytes: number, lostPerDay: number) {
  const readings = Array.from({ length: 49 }, (_, index) => 48 - index);
  return {
    path: "/var/lib/docker",
    totalBytes: 200e9,
    freeBytes,
    history: readings.map((hoursAgo) => ({
      at: NOW - hoursAgo * HOUR_MS,
      freeBytes: Math.round(freeBytes + (lostPerDay * hoursAgo) / 24),
    })),
  };
}

const used = (...names: string[]) => ({ usedBy: names, runBy: names });

export const SAMPLE_FACTS: FleetFacts = {
  ...EMPTY_FACTS,
  hosts: [
    hostFact("db-1", { disks: [sinkingDisk(31e9, 6e9)] }),
    hostFact("edge-vienna", { owner: "platform", lastSeenAt: NOW - 3 * HOUR_MS, cacheBytes: 900e6 }),
    hostFact("web-1", { disks: [sinkingDisk(120e9, 0)], idleBuildCacheBytes: 1.1e9 }),
    hostFact("web-2", { disks: [{ path: "/", totalBytes: 80e9, freeBytes: 9e9, history: [] }] }),
  ],
  containers: [
    containerFact("db-1", "orders-pg", { owner: "payments" }),
    containerFact("db-1", "ledger", { owner: "payments", health: "none" }),
    containerFact("web-1", "shop", { owner: "shop" }),
    containerFact("web-1", "checkout", {
      owner: "payments",
      health: "unhealthy",
      unhealthySince: NOW - 5 * HOUR_MS,
    }),
    containerFact("web-1", "old-batch", { state: "exited", health: "none" }),
    containerFact("web-2", "shop", { owner: "shop" }),
    containerFact("web-2", "search", { owner: "shop", health: "starting" }),
    containerFact("web-2", "mystery", { health: "none" }),
    containerFact("edge-vienna", "proxy", { owner: "platform" }),
  ],
  images: [
    imageFact("db-1", "postgres:12.4", 812, { owner: "payments", base: "debian:10", ...used("orders-pg") }),
    imageFact("db-1", "acme/ledger:3.2", 244, { owner: "payments", base: "debian:11", ...used("ledger") }),
    imageFact("db-1", "acme/ledger:3.1", 301, { owner: "payments", base: "debian:11", ownBytes: 220e6 }),
    imageFact("web-1", "acme/shop:2030.1", 4, { owner: "shop", base: "node:24", ...used("shop") }),
    imageFact("web-1", "acme/shop:2029.12", 38, { owner: "shop", base: "node:24", ownBytes: 310e6 }),
    imageFact("web-1", "acme/pay-checkout:7", 97, {
      owner: "payments",
      base: "node:24",
      ...used("checkout"),
    }),
    imageFact("web-1", "busybox:1.36", 410, { usedBy: ["old-batch"] }),
    imageFact("web-1", "reproducible:1", undefined, { ownBytes: 45e6 }),
    imageFact("web-2", "acme/shop:2030.1", 4, { owner: "shop", base: "node:24", ...used("shop") }),
    imageFact("web-2", "acme/search:11", 21, { owner: "shop", base: "node:24", ...used("search") }),
    imageFact("web-2", "mystery:latest", 590, {
      ...used("mystery"),
      findings: ["registry-not-allowed", "unowned"],
    }),
    imageFact("edge-vienna", "acme/proxy:5", 63, { owner: "platform", base: "debian:12", ...used("proxy") }),
  ],
  volumes: [
    { host: "db-1", name: "orders-pgdata", owner: "payments", anonymous: false, sizeBytes: 12e9, users: 1 },
    { host: "db-1", name: "ledger-data", owner: "payments", anonymous: false, sizeBytes: 2.2e9, users: 1 },
    { host: "web-2", name: "search-index", owner: "shop", anonymous: false, sizeBytes: 800e6, users: 1 },
    { host: "web-2", name: "0f3c", anonymous: true, users: 1 },
    { host: "web-1", name: "left-over", anonymous: false, sizeBytes: 5e6, users: 0 },
  ],
  runs: [
    {
      host: "web-1",
      action: "prune",
      finishedAt: NOW - 4 * HOUR_MS,
      freedBytes: 1.9e9,
      measures: { imagesRemoved: 1 },
      counts: { done: 1, skipped: 1, failed: 0 },
      steps: [
        {
          target: "acme/shop:2029.10",
          owner: "shop",
          decision: "remove",
          status: "done",
          finishedAt: NOW - 4 * HOUR_MS,
          because: "unused for 90 days (limit 14 days)",
          bytes: 1.2e9,
        },
        {
          target: "acme/shop:2029.11",
          owner: "shop",
          decision: "remove",
          status: "skipped",
          finishedAt: NOW - 4 * HOUR_MS,
          because: "unused for 61 days (limit 14 days)",
          trouble: "in use again",
        },
      ],
    },
    {
      host: "db-1",
      action: "backup",
      finishedAt: NOW - 2 * HOUR_MS,
      measures: { addedBytes: 40e6 },
      counts: { done: 1, skipped: 0, failed: 1 },
      steps: [
        {
          target: "orders-pgdata",
          owner: "payments",
          decision: "back up",
          status: "done",
          finishedAt: NOW - 2 * HOUR_MS,
          because: "last restore point is 30 minutes old (RPO 30 minutes)",
          bytes: 40e6,
        },
        {
          target: "ledger-data",
          owner: "payments",
          decision: "back up",
          status: "failed",
          finishedAt: NOW - 2 * HOUR_MS,
          because: "never backed up",
          trouble: "the hook pg-dump ended with 1: connection refused",
        },
      ],
    },
    {
      host: "web-1",
      action: "restart",
      finishedAt: NOW - 5 * HOUR_MS,
      measures: { restarted: 1 },
      counts: { done: 1, skipped: 0, failed: 0 },
      steps: [
        {
          target: "checkout",
          owner: "payments",
          decision: "restart",
          status: "done",
          finishedAt: NOW - 5 * HOUR_MS,
          because: "unhealthy for 30 seconds (limit 30 seconds)",
        },
      ],
    },
  ],
  held: [
    {
      host: "web-1",
      action: "restart",
      decision: "give-up",
      why: "budget-spent",
      words: "5 restarts in 30 minutes did not heal it",
      target: { type: "container", id: "web-1/checkout", name: "checkout" },
      owner: "payments",
    },
    {
      host: "db-1",
      action: "prune",
      decision: "keep",
      why: "newest-of-repository",
      words: "one of the 2 newest of acme/ledger",
      target: { type: "image", id: "sha256:acme/ledger:3.1", name: "acme/ledger:3.1" },
      owner: "payments",
    },
    ...["web-1", "web-2", "db-1"].map((host) => ({
      host,
      action: "prune",
      decision: "keep",
      why: "in-use",
      words: "used by shop",
      target: { type: "image", id: "sha256:acme/shop:2030.1", name: "acme/shop:2030.1" },
      owner: "shop",
    })),
  ],
  waitingRules: ["db-1", "web-1"].map((host) => ({
    host,
    rule: "production/host-cache",
    why: "due 2030-02-01 03:00Z",
  })),
  objectives: [
    {
      host: "db-1",
      dataset: "volume:orders-pgdata",
      owner: "payments",
      state: "broken",
      rpoMs: 1_800_000,
      rpoActualMs: 3_600_000,
      rtoMs: 3_600_000,
      rtoActualMs: 240_000,
      rung: "drill",
      rungAgeMs: 2 * 86_400_000,
    },
    { host: "web-1", dataset: "volume:uploads", state: "unknown", rpoMs: 86_400_000 },
    {
      host: "web-1",
      dataset: "bind:/srv/shop",
      state: "met",
      rpoMs: 86_400_000,
      rpoActualMs: 1_000,
      rung: "listed",
    },
  ],
  coverage: [
    { owner: "payments", state: "covered", count: 1 },
    { state: "covered", count: 2 },
    { state: "excluded", count: 1 },
    { state: "uncovered", count: 4 },
  ],
  repositories: [
    { host: "db-1", repository: "local", offsite: false, isTroubled: false, storedBytes: 2e9 },
    {
      host: "db-1",
      repository: "offsite",
      offsite: true,
      isTroubled: true,
      storedBytes: 2e9,
      costPerGb: 0.02,
    },
  ],
  restorePoints: [1, 2, 3].map((hoursAgo) => ({
    host: "db-1",
    dataset: "volume:orders-pgdata",
    owner: "payments",
    repository: hoursAgo === 3 ? "offsite" : "local",
    at: NOW - hoursAgo * HOUR_MS,
    bytes: 12e9,
    addedBytes: 300e6,
  })),
  drills: [
    {
      id: "5d0c1f0e-0000-4000-8000-000000000009",
      host: "web-1",
      dataset: "volume:uploads",
      owner: "payments",
      repository: "offsite",
      at: NOW - 3 * HOUR_MS,
      passed: true,
      rtoMs: 240_000,
      rtoTargetMs: HOUR_MS,
      rpoMs: 900_000,
      rpoTargetMs: 1_800_000,
    },
    {
      id: "5d0c1f0e-0000-4000-8000-00000000000a",
      host: "db-2",
      dataset: "dump:ledger",
      repository: "local",
      at: NOW - 30 * HOUR_MS,
      passed: false,
      trouble: "sql SELECT count(*) FROM bookings: 0 (at least 1)",
    },
  ],
  postMortems: [
    {
      id: "5d0c1f0e-0000-4000-8000-000000000007",
      host: "web-1",
      container: "checkout",
      owner: "payments",
      at: NOW - HOUR_MS,
      because: "out of memory",
    },
    {
      id: "5d0c1f0e-0000-4000-8000-000000000008",
      host: "web-1",
      container: "shop",
      owner: "shop",
      at: NOW - 2 * HOUR_MS,
      because: "before healing: unhealthy",
    },
  ],
  logs: [
    logFact("web-1", "shop", { owner: "shop", bytesPerMinute: 41e3, keptBytes: 3.2e6 }),
    logFact("web-1", "checkout", {
      owner: "payments",
      bytesPerMinute: 14.2e6,
      matches: [
        { pattern: "errors", count: 41_208 },
        { pattern: "timeouts", count: 310 },
      ],
      keptBytes: 38e9,
      isBursting: true,
      growsWithoutEnd: true,
    }),
    logFact("db-1", "ledger", { owner: "payments", bytesPerMinute: 0, isBursting: true }),
  ],
  compliance: sampleCompliance(NOW),
  ...sampleFigures(NOW),
  ...sampleTrouble(NOW),
};

/** A name that tries everything at once. */
export const HOSTILE_NAME = `<img src=x onerror="globalThis.pwned=1"><script>globalThis.pwned=1</script>'"\`\${1}\u202egnp.exe\u0007\n\t\u001b[31m&lt;${"W".repeat(4_096)}`;

const CHOSEN_BY_OTHERS = new Set(
  "host name owner target because trouble words why volume path base rule repository agentVersion says title image subject cause note acknowledgedBy container pattern".split(
    " ",
  ),
);

/** A fleet in which everything that a host or a person can name is hostile. */
export const HOSTILE_FACTS = JSON.parse(JSON.stringify(SAMPLE_FACTS), (key, value: unknown) =>
  typeof value === "string" && CHOSEN_BY_OTHERS.has(key) ? `${HOSTILE_NAME}${value}` : value,
) as FleetFacts;
