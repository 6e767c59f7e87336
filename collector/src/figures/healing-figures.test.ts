import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { Incident } from "@shipkeeper/policy";
import { expect, test } from "vitest";
import { NOW } from "../testing/facts.ts";
import { healingFigures } from "./healing-figures.ts";

let count = 0;
function incident(name: string, facts: Partial<Incident> = {}) {
  count += 1;
  const container = { id: name, name, image: `${name}:1`, imageId: `sha256:${name}` };
  const whole: Incident = {
    id: String(count),
    at: NOW,
    identity: `name:${name}`,
    container,
    sign: "unhealthy",
    cause: "",
    sickAt: NOW - MINUTE_MS,
    detectedAt: NOW - MINUTE_MS + SECOND_MS,
    heals: 0,
    members: [],
    policy: "production",
    rule: "unhealthy",
    ...facts,
  };
  return { host: "web-1", incident: whole };
}
const healed = (name: string, tookMs: number, facts: Partial<Incident> = {}) =>
  incident(name, {
    firstOrderAt: NOW - MINUTE_MS + 2 * SECOND_MS,
    healthyAt: NOW - MINUTE_MS + tookMs,
    closedAt: NOW,
    ended: "healed",
    heals: 1,
    ...facts,
  });

const SPAN = { since: NOW - 30 * MINUTE_MS, at: NOW };

test("counts say how incidents ended, and who was needed for it", () => {
  const figures = healingFigures(
    [
      healed("web", 10 * SECOND_MS),
      healed("web", 20 * SECOND_MS, { heals: 3, handedOverAt: NOW }),
      incident("db", { ended: "recovered", closedAt: NOW, healthyAt: NOW }),
      incident("db", { ended: "stopped", closedAt: NOW, owner: "payments" }),
      incident("batch", { heals: 5, handedOverAt: NOW }),
    ],
    SPAN,
  );

  expect(figures).toMatchObject({
    incidents: 5,
    open: 1,
    heals: 9,
    healed: 2,
    recovered: 1,
    stopped: 1,
    removed: 0,
    handedOver: 2,
    recoveredShare: 1 / 3,
    withoutPeopleShare: 2 / 4,
  });
  expect(figures.byImage.map(({ name, heals }) => [name, heals])).toEqual([
    ["batch:1", 5],
    ["web:1", 4],
    ["db:1", 0],
  ]);
  expect(figures.byOwner.map(({ name, incidents }) => [name, incidents])).toEqual([
    [undefined, 4],
    ["payments", 1],
  ]);
  expect(figures.flapping.map(({ name, incidents, heals }) => [name, incidents, heals])).toEqual([
    ["batch", 1, 5],
    ["web", 2, 4],
  ]);
});

test("times are of the incidents that have both ends", () => {
  const took = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100].map((seconds) => healed("web", (seconds + 2) * SECOND_MS));
  const { times } = healingFigures([...took, incident("db")], SPAN);

  expect(times).toEqual({
    sickToDetected: { count: 11, medianMs: SECOND_MS, p95Ms: SECOND_MS, maxMs: SECOND_MS },
    detectedToOrdered: { count: 10, medianMs: SECOND_MS, p95Ms: SECOND_MS, maxMs: SECOND_MS },
    orderedToHealthy: { count: 10, medianMs: 5_000, p95Ms: 100_000, maxMs: 100_000 },
    sickToHealthy: { count: 10, medianMs: 7_000, p95Ms: 102_000, maxMs: 102_000 },
  });
});

test("where nothing was sick there are no shares and no times", () => {
  const figures = healingFigures([], SPAN);

  expect(figures).toMatchObject({ incidents: 0, byImage: [], flapping: [] });
  expect(figures.recoveredShare).toBeUndefined();
  expect(figures.times.sickToHealthy).toEqual({ count: 0 });
});

test("a host's own incident counts, and is no container that flaps", () => {
  const { container: _container, ...storm } = incident("host", { identity: "host", heals: 4 }).incident;
  const figures = healingFigures([{ host: "web-1", incident: storm }], SPAN);

  expect(figures).toMatchObject({ incidents: 1, heals: 4, byImage: [], flapping: [] });
});
