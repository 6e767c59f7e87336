import { matchesPattern, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import { containerIdentity, type Container } from "@shipkeeper/model";
import type { Verdict } from "../actions/action.ts";
import { catalog } from "../actions/catalog.ts";
import { isProtected } from "./check-never-touch.ts";
import { over } from "./over.ts";
import type { RestartAttempt, World } from "./world.ts";

/** However short a container's stop timeout is. */
const LEFT_ALONE_MS = 30 * SECOND_MS;
const SETTLE_MS = 3 * MINUTE_MS;

/** What forbids one step of healing. */
export function checkHeal({ target, decision }: Verdict, world: World, rawSpec: unknown): (string | false)[] {
  const { inventory, guardrails, self, signals, now } = world;
  const container = inventory.containers.find(({ id }) => id === target.id);
  if (container === undefined) return ["not in the inventory"];
  const { id, state, health, name, labels, swarm, kubernetes, autoRemove, createdAt = 0 } = container;
  const touch = signals.touches.get(id);
  const tried = triesOn(container, world).length;
  const spec = catalog.restart.spec.safeParse(rawSpec).data;
  const isAllowed = guardrails.allow.recreate.some((pattern) => matchesPattern(pattern, name));
  return [
    state !== "running" && `is ${state}`,
    health.status !== "unhealthy" && !isSickOtherwise(container, world) && `is ${health.status}`,
    (self.includes(id) || self.includes(name)) && "belongs to the agent",
    isProtected(guardrails, guardrails.neverTouch.containers, [name], labels) && "never to be touched",
    (swarm !== undefined || kubernetes !== undefined) && "belongs to an orchestrator",
    autoRemove && "would be removed",
    touch !== undefined && touch.at + LEFT_ALONE_MS > now && `somebody did ${touch.what} it a moment ago`,
    signals.busy.has(id) && `has ${signals.busy.get(id)} at work on it`,
    signals.pauses.some((pause) => holds(pause, name, now)) && "healing is paused",
    (signals.sickImages.get(container.imageId) ?? 0) >= 3 && "its image is sick on many hosts",
    hasComeUp(signals.engineUpSince, createdAt, now) && "its engine came up a moment ago",
    hasComeUp(signals.hostUpSince, createdAt, now) && "its host came up a moment ago",
    decision !== "restart" && tried < 1 && "was not tried more gently before",
    decision === "recreate" && !(spec?.recreate === true && isAllowed) && "must not be made anew",
    decision === "recreate" && tried < 2 && "was not killed before it is made anew",
  ];
}

/** The budget of every container, and what host and images may come to. */
export function checkHeals(steps: readonly Verdict[], world: World, rawSpec: unknown): string[] {
  const { inventory, ledger, now } = world;
  const spec = catalog.restart.spec.safeParse(rawSpec);
  if (!spec.success) return ["its budget cannot be read"];
  const { budget, perHost, perImage } = spec.data;
  const healed = inventory.containers.filter(({ id }) => steps.some(({ target }) => target.id === id));
  const all = [...ledger.restarts.values()].flat();
  const lately = (tries: readonly RestartAttempt[], perMs: number) =>
    tries.filter(({ at }) => at > now - perMs).length;

  const budgets = healed.flatMap((container) => {
    const tries = triesOn(container, world);
    const isLaterTry = tries.every(({ at }) => at <= now - budget.again);
    const most = isLaterTry ? undefined : budget.restarts;
    return over(`restarts of ${container.name}`, lately(tries, budget.per), 1, most);
  });
  const images = [...Map.groupBy(healed, ({ imageId }) => imageId)].flatMap(([imageId, ofImage]) => {
    const tries = all.filter((one) => one.imageId === imageId);
    return over(`heals of image ${imageId}`, lately(tries, perImage.per), ofImage.length, perImage.restarts);
  });
  return [
    ...budgets,
    ...over("heals of the host", lately(all, perHost.per), steps.length, perHost.restarts),
    ...images,
  ];
}

/** What was tried since somebody started it by hand. */
function triesOn(container: Container, { ledger, signals }: World): readonly RestartAttempt[] {
  const touch = signals.touches.get(container.id);
  const isStart = touch !== undefined && (touch.what === "start" || touch.what === "restart");
  const tries = ledger.restarts.get(containerIdentity(container)) ?? [];
  return isStart ? tries.filter(({ at }) => at > touch.at) : tries;
}

/** A probe that was asked for fails often enough, or there is no process left to be well. */
function isSickOtherwise({ id, health }: Container, { signals }: World): boolean {
  const fails = signals.probes.get(id)?.some(({ failuresInARow, needed }) => failuresInARow >= needed);
  return fails === true || signals.ghosts.has(id) || health.log.some(({ exitCode }) => exitCode !== 0);
}

function holds(
  { containers, until }: World["signals"]["pauses"][number],
  name: string,
  now: number,
): boolean {
  return until > now && (containers === undefined || matchesPattern(containers, name));
}

function hasComeUp(upSince: number | undefined, createdAt: number, now: number): boolean {
  return upSince !== undefined && createdAt < upSince && upSince + SETTLE_MS > now;
}
