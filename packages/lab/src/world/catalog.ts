// What the company of the demo builds and runs.

/** An application: one repository of images, and containers of them. */
export interface Service {
  /** The last part of the repository's name. */
  name: string;
  /** Undefined: nobody put a label on it. */
  owner?: string;
  base: BaseName;
  project: string;
  /** Ages of its images, newest first. */
  agesDays: readonly [number, number, number];
  /** Keeps data in a volume. */
  stateful?: boolean;
  limited?: boolean;
  checked?: boolean;
  asRoot?: boolean;
}

export type BaseName = "debian" | "alpine" | "node";

export const BASES: Readonly<Record<BaseName, { tag: string; ageDays: number; bytes: number }>> = {
  alpine: { tag: "registry.acme.example/base/alpine:3.21", ageDays: 48, bytes: 400_000 },
  debian: { tag: "registry.acme.example/base/debian:12", ageDays: 131, bytes: 3_000_000 },
  node: { tag: "registry.acme.example/base/node:24", ageDays: 20, bytes: 2_000_000 },
};

export const SERVICES: readonly Service[] = [
  {
    name: "web",
    owner: "shop",
    base: "node",
    project: "shop",
    agesDays: [1, 15, 64],
    limited: true,
    checked: true,
  },
  { name: "catalog", owner: "shop", base: "node", project: "shop", agesDays: [12, 40, 133], limited: true },
  {
    name: "session-cache",
    owner: "shop",
    base: "alpine",
    project: "shop",
    agesDays: [75, 190, 420],
    stateful: true,
  },
  {
    name: "payments-api",
    owner: "payments",
    base: "node",
    project: "payments",
    agesDays: [6, 21, 90],
    limited: true,
    checked: true,
  },
  { name: "payments-worker", owner: "payments", base: "node", project: "payments", agesDays: [6, 35, 91] },
  { name: "fraud-scorer", owner: "payments", base: "debian", project: "payments", agesDays: [33, 101, 230] },
  {
    name: "ledger",
    owner: "ledger",
    base: "debian",
    project: "ledger",
    agesDays: [210, 365, 640],
    stateful: true,
    limited: true,
    checked: true,
  },
  {
    name: "reporting",
    owner: "ledger",
    base: "debian",
    project: "ledger",
    agesDays: [45, 112, 205],
    limited: true,
  },
  {
    name: "search",
    owner: "search",
    base: "alpine",
    project: "search",
    agesDays: [3, 28, 57],
    stateful: true,
    checked: true,
  },
  {
    name: "recommender",
    owner: "search",
    base: "debian",
    project: "search",
    agesDays: [9, 66, 180],
    limited: true,
  },
  {
    name: "gateway",
    owner: "platform",
    base: "alpine",
    project: "edge",
    agesDays: [18, 52, 150],
    checked: true,
  },
  {
    name: "mailer",
    owner: "platform",
    base: "node",
    project: "edge",
    agesDays: [95, 270, 480],
    stateful: true,
  },
  { name: "image-resizer", base: "alpine", project: "tools", agesDays: [160, 300, 530], asRoot: true },
  {
    name: "legacy-sync",
    base: "debian",
    project: "tools",
    agesDays: [510, 720, 900],
    stateful: true,
    asRoot: true,
  },
];

const ROLES = ["web", "web", "api", "db", "batch"];
const SITES = ["vienna", "graz", "linz"];
const RINGS = ["canary", "early", "all"];
/** Of the hosts; the rest is staging. */
const PRODUCTION_SHARE = 0.7;

/** Names and labels of so many hosts: `web-1`, `web-2`, `api-1`, ... */
export function demoHosts(count: number): { name: string; labels: Record<string, string> }[] {
  const seen = new Map<string, number>();
  return Array.from({ length: count }, (_, index) => {
    const role = ROLES[index % ROLES.length]!;
    const number = (seen.get(role) ?? 0) + 1;
    seen.set(role, number);
    const labels = {
      environment: index < Math.max(1, count * PRODUCTION_SHARE) ? "production" : "staging",
      site: SITES[index % SITES.length]!,
      ring: RINGS[Math.min(index, RINGS.length - 1)]!,
      role,
    };
    return { name: `${role}-${number}`, labels };
  });
}
