/** Containers that age, and what a rule told them of their end. */
import { days } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { planExpire } from "../actions/expire/plan.ts";
import { expireSpecSchema } from "../actions/expire/spec.ts";
import type { Expiry, World } from "../round/world.ts";
import { container, NOW, worldWith } from "./world.ts";

export const RULE = "production/long-runners";

/** What a rule of 30 days, about all containers where the keys say nothing else, comes to. */
export function plan(
  keys: object,
  containers: Container[],
  world: Partial<World> = {},
  expiries: Expiry[] = [],
) {
  const spec = expireSpecSchema.parse({
    olderThan: "30d",
    ...(Object.hasOwn(keys, "select") ? {} : { all: true }),
    ...keys,
  });
  const { inventory, ledger, ...facts } = worldWith({ containers }, world);
  return planExpire(spec, { ...facts, inventory, ledger: { ...ledger, expiries } }, RULE);
}

/** A container whose process runs for so many days. */
export const runs = (name: string, ageDays: number, facts: Partial<Container> = {}) =>
  container(name, { startedAt: NOW - days(ageDays), createdAt: NOW - days(ageDays), ...facts });

export const stoppedAs = ({ finishedAt = 0 }: Container) => ({ at: finishedAt, finishedAt });

export const told = (
  { id, startedAt = 0 }: Container,
  {
    daysAgo = 4,
    endedDaysAgo = 1,
    ...facts
  }: Partial<Expiry> & { daysAgo?: number; endedDaysAgo?: number } = {},
): Expiry => ({
  rule: RULE,
  containerId: id,
  bornAt: startedAt,
  announcedAt: NOW - days(daysAgo),
  endsAt: NOW - days(endedDaysAgo),
  ...facts,
});
