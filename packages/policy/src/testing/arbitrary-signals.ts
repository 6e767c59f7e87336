/** Random signals of a host, and what heals of its containers came to. */
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import * as fc from "fast-check";
import type { Signals } from "../round/signals.ts";
import type { RestartAttempt } from "../round/world.ts";
import { maybe } from "./arbitrary-facts.ts";
import { imageId, NOW } from "./world.ts";

const lately = fc.integer({ min: 0, max: HOUR_MS }).map((ms) => NOW - ms);
const moments = fc.constantFrom(
  NOW,
  NOW - SECOND_MS,
  NOW - 30 * SECOND_MS,
  NOW - 3 * MINUTE_MS,
  NOW - HOUR_MS,
);
const upSince = fc.constantFrom(
  ...Array.from({ length: 6 }, () => NOW - HOUR_MS),
  NOW - 3 * MINUTE_MS,
  NOW - 1,
);

export const arbitraryAttempts = fc
  .array(
    fc.record({
      at: lately,
      result: fc.constantFrom<RestartAttempt["result"]>("pending", "healed", "failed"),
      rung: fc.constantFrom<RestartAttempt["rung"]>("restart", "kill", "recreate"),
      imageId: maybe(fc.nat(10).map((index) => imageId(`image-${index}`))),
      why: fc.constantFrom<RestartAttempt["why"][]>(undefined, undefined, undefined, undefined, "unkillable"),
    }),
    { maxLength: 8 },
  )
  .map((all) => all.sort((a, b) => a.at - b.at));

/** What is known of one container, most of it rarely. */
const ofContainer = fc.record({
  probe: fc.option(
    fc.record({
      kind: fc.constantFrom("http" as const, "log-silence" as const),
      failingSince: maybe(lately),
      failuresInARow: fc.nat(4),
    }),
    { nil: undefined, freq: 2 },
  ),
  deaths: fc.option(
    fc.array(
      fc.record({
        at: fc.integer({ min: 0, max: 12 * MINUTE_MS }).map((ms) => NOW - ms),
        exitCode: maybe(fc.constantFrom(0, 1, 137)),
        outOfMemory: fc.boolean(),
        expected: fc.constantFrom(false, false, false, true),
      }),
      { maxLength: 8 },
    ),
    { nil: undefined, freq: 1 },
  ),
  touch: fc.option(
    fc.record({
      at: moments,
      what: fc.constantFrom("start" as const, "stop" as const, "kill" as const, "restart" as const),
    }),
    { nil: undefined, freq: 1 },
  ),
  ghostSince: fc.option(moments, { nil: undefined, freq: 2 }),
  busy: fc.option(fc.constantFrom("backup", "restart"), { nil: undefined, freq: 1 }),
});

export const arbitrarySignals = fc.record({
  ofContainers: fc.array(ofContainer, { minLength: 6, maxLength: 12 }),
  pauses: fc.array(
    fc.record(
      {
        containers: fc.constantFrom("job-1*", "postgres-*"),
        until: fc.constantFrom(NOW, NOW + 1),
        reason: fc.constant("deploy"),
      },
      { requiredKeys: ["until", "reason"] },
    ),
    { maxLength: 1 },
  ),
  engineUpSince: maybe(upSince),
  hostUpSince: fc.option(upSince, { nil: undefined, freq: 1 }),
  load: fc.constantFrom<Signals["load"][]>(
    {},
    {},
    {},
    {},
    {},
    {},
    { memoryAvailable: 0.01 },
    { loadPerCpu: 17 },
  ),
  sick: fc.nat(4),
});
type DrawnSignals = typeof arbitrarySignals extends fc.Arbitrary<infer T> ? T : never;

/** The drawn facts, each about the container at its place. */
export function signalsAbout(containers: readonly Container[], drawn: DrawnSignals): Signals {
  const { ofContainers, sick, engineUpSince, hostUpSince, ...rest } = drawn;
  const known = containers.flatMap(({ id }, index) => {
    const facts = ofContainers[index];
    return facts === undefined ? [] : [[id, facts] as const];
  });
  const mapOf = <T>(find: (facts: (typeof ofContainers)[number]) => T | undefined) =>
    new Map(
      known.flatMap(([id, facts]) => {
        const found = find(facts);
        return found === undefined ? [] : [[id, found] as const];
      }),
    );
  return {
    ...rest,
    ...(engineUpSince !== undefined && { engineUpSince }),
    ...(hostUpSince !== undefined && { hostUpSince }),
    probes: mapOf(({ probe }) => {
      if (probe === undefined) return undefined;
      const { failingSince, ...told } = probe;
      const since = failingSince === undefined ? {} : { failingSince };
      return [{ ...told, ...since, probe: "front", lastAt: NOW, needed: 3, said: "refused" }];
    }),
    deaths: mapOf(({ deaths }) =>
      deaths
        ?.map(({ exitCode, ...death }) => ({ ...death, ...(exitCode !== undefined && { exitCode }) }))
        .sort((a, b) => a.at - b.at),
    ),
    touches: mapOf(({ touch }) => touch),
    ghosts: mapOf(({ ghostSince }) => ghostSince),
    busy: mapOf(({ busy }) => busy),
    sickImages: new Map([[imageId("image-1") as string, sick]]),
  };
}
