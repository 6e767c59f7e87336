/** Worlds for tests, said in as few words as the promise needs; everything unsaid is harmless. */
import { days, HOUR_MS, type Instant } from "@shipkeeper/kit";
import {
  containerIdSchema,
  hostIdSchema,
  imageIdSchema,
  type Container,
  type Image,
  type Inventory,
} from "@shipkeeper/model";
import { plainContainer, plainImage } from "@shipkeeper/model/testing";
import { NO_GUARDRAILS } from "../guardrails.ts";
import { NO_SIGNALS } from "../round/signals.ts";
import { NO_STEPS } from "../round/step-counts.ts";
import { NO_ORPHANS, type World } from "../round/world.ts";
import type { Plan } from "../actions/action.ts";

export const NOW: Instant = Date.UTC(2030, 0, 31, 2);

/** 64 hex digits that are the same for the same name. */
function hex(name: string): string {
  let hash = 7;
  for (const character of name) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0").repeat(8);
}

export const imageId = (name: string) => imageIdSchema.parse(`sha256:${hex(name)}`);
export const containerId = (name: string) => containerIdSchema.parse(hex(name));

/** An image that was built, first seen and last used `ageDays` ago; a name without a colon is no tag. */
export function image(
  name: string,
  { ageDays = 90, ...facts }: Partial<Image> & { ageDays?: number } = {},
): Image {
  const at = NOW - days(ageDays);
  return plainImage({
    id: imageId(name),
    tags: name.includes(":") ? [name] : [],
    createdAt: at,
    sizeBytes: 100e6,
    layers: [`layer-of-${name}`],
    memory: { firstSeenAt: at },
    ...facts,
  });
}

/** A running container without a health check. */
export function container(name: string, facts: Partial<Container> = {}): Container {
  const image = `of-${name}:1`;
  const at = NOW - days(90);
  return plainContainer({
    id: containerId(name),
    name,
    imageId: imageId(image),
    image,
    createdAt: at,
    startedAt: at,
    ...facts,
  });
}

/** A container that mounts volumes by their names, and folders by their paths; `:ro` after one may only be read. */
export function mounting(name: string, mounts: readonly string[], facts: Partial<Container> = {}): Container {
  return container(name, {
    mounts: mounts.map((text) => {
      const source = text.replace(/:ro$/, "");
      const isBind = source.startsWith("/");
      return {
        type: isBind ? ("bind" as const) : ("volume" as const),
        ...(isBind ? {} : { volume: source }),
        source: isBind ? source : `/var/lib/docker/volumes/${source}/_data`,
        destination: "/data",
        readOnly: text.endsWith(":ro"),
      };
    }),
    ...facts,
  });
}

/** A container that ended some hours ago. */
export function ended(
  name: string,
  { hoursAgo = 100, ...facts }: Partial<Container> & { hoursAgo?: number } = {},
) {
  return container(name, { state: "exited", finishedAt: NOW - hoursAgo * HOUR_MS, exitCode: 0, ...facts });
}

/** A running container whose health check fails for some seconds now. */
export function unhealthy(
  name: string,
  { forSeconds = 90, ...facts }: Partial<Container> & { forSeconds?: number } = {},
) {
  return container(name, {
    health: { status: "unhealthy", failingStreak: 3, unhealthySince: NOW - forSeconds * 1_000, log: [] },
    healthCheck: {
      test: ["CMD", "true"],
      intervalMs: 10_000,
      timeoutMs: 5_000,
      startPeriodMs: 0,
      retries: 3,
    },
    ...facts,
  });
}

export function worldWith(
  things: Partial<Pick<Inventory, "images" | "containers" | "volumes" | "networks" | "buildCache" | "gaps">>,
  facts: Partial<World> = {},
): World {
  return {
    now: NOW,
    hostId: hostIdSchema.parse("00000000-0000-4000-8000-000000000001"),
    hostLabels: { environment: "production", hostname: "web-1" },
    inventory: {
      takenAt: NOW,
      host: {
        hostname: "web-1",
        kernel: "6.1",
        operatingSystem: "",
        architecture: "",
        cpus: 2,
        memoryBytes: 0,
        disks: [],
      },
      containers: [],
      images: [],
      volumes: [],
      networks: [],
      buildCache: [],
      gaps: [],
      ...things,
    },
    ledger: {
      bornAt: NOW - days(365),
      restarts: new Map(),
      lastDay: NO_STEPS,
      ruleDays: new Map(),
      pastImages: new Map(),
      orphans: NO_ORPHANS,
      restorePoints: [],
      proofs: [],
      expiries: [],
    },
    guardrails: NO_GUARDRAILS,
    repositories: ["local", "offsite"],
    self: [],
    signals: NO_SIGNALS,
    ...facts,
  };
}

/** Name → `decision: reason`, in the plan's order. */
export function verdicts({ verdicts }: Pick<Plan, "verdicts">): Record<string, string> {
  return Object.fromEntries(
    verdicts.map(({ target, decision, reason }) => [target.name, `${decision}: ${reason.why}`]),
  );
}
