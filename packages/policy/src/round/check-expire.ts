import { isStep, type Verdict } from "../actions/action.ts";
import { catalog, type SpecOf } from "../actions/catalog.ts";
import type { Container } from "@shipkeeper/model";
import { over } from "./over.ts";
import type { PlannedRule } from "./round.ts";
import type { World } from "./world.ts";

/** Nothing ends unannounced, nothing is removed that this rule did not stop, and not too much at once. */
export function checkExpire(planned: PlannedRule, world: World, rawSpec: unknown): string[] {
  const decoded = catalog.expire.spec.safeParse(rawSpec);
  if (!decoded.success) return ["its notice cannot be read"];
  const spec = decoded.data;
  const { inventory, guardrails, ledger } = world;
  const today = ledger.ruleDays.get(`${planned.policy}/${planned.rule}`)?.items ?? 0;
  const steps = planned.verdicts.filter(isStep);
  const deeds = steps.filter(({ decision }) => decision !== "announce");
  const projects = Map.groupBy(
    deeds.flatMap(({ target }) => inventory.containers.find(({ id }) => id === target.id)?.compose ?? []),
    ({ project }) => project,
  );
  return [
    ...deeds.flatMap((step) => checkNotice(step, planned, world, spec)),
    ...steps.flatMap(({ target }) => {
      const container = inventory.containers.find(({ id }) => id === target.id);
      return container === undefined ? [] : checkNature(container, spec);
    }),
    over("items", 0, deeds.length, spec.limits.items),
    over("items a day", today, deeds.length, spec.limits.perDay.items),
    over("containers a run", 0, deeds.length, guardrails.limits.perRun.containers),
    [...projects].flatMap(([project, { length }]) =>
      over(`items of ${project}`, 0, length, spec.limits.perProject),
    ),
  ].flat();
}

function checkNotice(
  { target, decision }: Verdict,
  { policy, rule }: PlannedRule,
  { ledger, inventory, now }: World,
  spec: SpecOf<"expire">,
): string[] {
  const notice = ledger.expiries.find(
    (expiry) => expiry.rule === `${policy}/${rule}` && expiry.containerId === target.id,
  );
  if (notice === undefined) return [`${decision} ${target.id}: never announced`];
  const container = inventory.containers.find(({ id }) => id === target.id);
  if (decision === "remove") {
    const wasOurs = notice.stopped !== undefined && notice.stopped.finishedAt === container?.finishedAt;
    return wasOurs ? [] : [`remove ${target.id}: not stopped by this rule`];
  }
  const isEarly = now < notice.announcedAt + spec.announce || now < notice.endsAt;
  const isOld = spec.since === "started" && notice.bornAt !== container?.startedAt;
  return [
    ...(isEarly ? [`stop ${target.id}: earlier than announced`] : []),
    ...(isOld ? [`stop ${target.id}: announced for another start of it`] : []),
    ...(notice.stopped === undefined ? [] : [`stop ${target.id}: somebody wants it to run`]),
  ];
}

const DATABASE = /postgres|mysql|mariadb|mongo|redis/;

function checkNature(
  { id, name, image, compose, restartPolicy }: Container,
  { include, select }: SpecOf<"expire">,
): string[] {
  const isMeant = (sort: (typeof include)[number]) =>
    include.some((one) => one === sort) || select?.containers?.some((one) => one === name) === true;
  return [
    ...(DATABASE.test(image) && !isMeant("databases") ? [`${id} is a database`] : []),
    ...(compose !== undefined && !isMeant("compose") ? [`${id} belongs to compose`] : []),
    ...(restartPolicy.name === "always" && !isMeant("restart-always") ? [`${id} would start again`] : []),
  ];
}
