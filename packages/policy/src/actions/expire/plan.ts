/**
 * Which containers have outlived their time, and what each of them is due: first its owner is told, then it is
 * stopped, and in the end removed. The ledger remembers what was told and done; who is told, and how, is not known here.
 */
import type { Instant } from "@shipkeeper/kit";
import { isComplete, type Container, type InventorySection } from "@shipkeeper/model";
import type { Expiry, World } from "../../round/world.ts";
import { isStep, type Plan, type VerdictFor } from "../action.ts";
import { exceptionFor } from "../exception.ts";
import { expectContainer } from "../expectation.ts";
import { guestOf } from "../guest.ts";
import { applyLimits } from "../limits.ts";
import { isSelf, protectsContainer } from "../never-touch.ts";
import { containerTarget } from "../target.ts";
import { databaseSign } from "../database.ts";
import { limitsOf } from "./limits.ts";
import type { ExpireReason } from "./reason.ts";
import { claimOn, isNamed } from "./select.ts";
import { EXPIRE_LABEL, type ExpireSpec } from "./spec.ts";

export type ExpireVerdict = VerdictFor<ExpireReason>;
type Judgement = Pick<ExpireVerdict, "decision" | "reason">;

/** A list that is not whole cannot say what else lives in a container's network, or what its image is. */
const NEEDED: readonly InventorySection[] = ["containers", "images"];

/** Words come before deeds, so that a stop that takes long keeps nobody from hearing of theirs. */
const ORDER = ["announce", "remove", "stop"];

/** A verdict for every container, oldest first. */
export function planExpire(spec: ExpireSpec, world: World, rule: string): Plan {
  const { inventory, ledger } = world;
  const section = NEEDED.find((needed) => !isComplete(inventory, needed));
  const expiries = new Map(
    ledger.expiries.filter((expiry) => expiry.rule === rule).map((expiry) => [expiry.containerId, expiry]),
  );
  const oldest = inventory.containers.toSorted(
    (a, b) => (bornAt(spec, a) ?? Infinity) - (bornAt(spec, b) ?? Infinity) || (a.id < b.id ? -1 : 1),
  );

  const verdicts = oldest.map((container): ExpireVerdict => {
    const judgement =
      section === undefined
        ? judge(spec, world, container, expiries.get(container.id))
        : refuse({ why: "inventory-incomplete", section });
    const expect = isStep(judgement) ? { expect: expectContainer(container) } : {};
    return { target: containerTarget(container), ...judgement, ...expect };
  });
  const ordered = verdicts.toSorted((a, b) => placeOf(a) - placeOf(b));
  const limited = applyLimits<ExpireReason>(ordered, limitsOf(spec, world, rule));
  return { kind: "expire", verdicts: [...limited.filter(isStep), ...limited.filter((one) => !isStep(one))] };
}

function placeOf({ decision }: ExpireVerdict): number {
  const place = ORDER.indexOf(decision);
  return place === -1 ? ORDER.length : place;
}

function judge(spec: ExpireSpec, world: World, container: Container, expiry: Expiry | undefined): Judgement {
  const { guardrails, self } = world;
  const { state, labels } = container;

  const protectedBy = protectsContainer(guardrails.neverTouch, container);
  if (protectedBy !== undefined) return refuse({ why: "never-touch", by: protectedBy });
  if (isSelf(self, container)) return keep({ why: "self" });
  const exception = exceptionFor(world, containerTarget(container));
  if (exception !== undefined) return keep(exception);
  const claim = claimOn(spec, container);
  if ("why" in claim) {
    return claim.why === "not-selected"
      ? keep({ why: "not-selected" })
      : keep({ why: "label-unreadable", label: labels[EXPIRE_LABEL] ?? "" });
  }
  // Paused, or somebody or the engine is at work on it.
  if (state !== "running" && state !== "exited") return keep({ why: "state", state });
  const stopped = state === "exited" ? stoppedAt(expiry, container) : undefined;
  if (state === "exited" && stopped === undefined) return keep({ why: "not-running" });

  return (
    notOurs(spec, world, container) ??
    (stopped === undefined
      ? judgeRunning(spec, world, { container, expiry, limitMs: claim.limitMs })
      : judgeStopped(spec, world, stopped))
  );
}

/** What nobody may stop by its age alone, with what or who has the say. */
function notOurs(spec: ExpireSpec, { inventory }: World, container: Container): Judgement | undefined {
  const { swarm, kubernetes, compose, autoRemove, restartPolicy, imageId } = container;
  if (swarm !== undefined) return refuse({ why: "orchestrated", by: "swarm" });
  if (kubernetes !== undefined) return refuse({ why: "orchestrated", by: "kubernetes" });
  if (compose !== undefined && !isNamed(spec, "compose", container)) {
    return refuse({ why: "orchestrated", by: `compose project ${compose.project}` });
  }
  // The engine would remove it the moment it stops.
  if (autoRemove) return refuse({ why: "auto-remove" });

  const image = inventory.images.find(({ id }) => id === imageId);
  const sign = isNamed(spec, "databases", container) ? undefined : databaseSign(container, image);
  if (sign !== undefined) return refuse({ why: "database", by: sign });
  // It would run again with the next start of the engine, and its owner was told that it ends.
  if (restartPolicy.name === "always" && !isNamed(spec, "restart-always", container)) {
    return refuse({ why: "restart-always" });
  }
  const guest = guestOf(container, inventory.containers);
  return guest === undefined ? undefined : refuse({ why: "guest", container: guest.name });
}

interface Candidate {
  readonly container: Container;
  readonly expiry: Expiry | undefined;
  readonly limitMs: number;
}

function judgeRunning(
  spec: ExpireSpec,
  { now }: World,
  { container, expiry, limitMs }: Candidate,
): Judgement {
  const born = bornAt(spec, container);
  if (born === undefined) return keep({ why: "age-unknown" });
  const ageMs = Math.max(0, now - born);
  const due = born + limitMs;
  if (now < due - spec.announce) return keep({ why: "young", ageMs, limitMs });

  if (expiry === undefined || !announces(expiry, born)) {
    const endsAt = Math.max(due, now + spec.announce);
    return { decision: "announce", reason: { why: "ends-soon", bornAt: born, ageMs, limitMs, endsAt } };
  }
  const { announcedAt } = expiry;
  // Never sooner than its owner was told, even where the policy has become stricter since.
  const toldEnd = Math.max(due, announcedAt + spec.announce, expiry.endsAt);
  if (now < toldEnd) return wait({ why: "announced", announcedAt, endsAt: toldEnd });
  const endsAt = toldEnd + (spec.grace ?? 0);
  if (now < endsAt) return wait({ why: "grace", toldEnd, endsAt });
  return { decision: "stop", reason: { why: "expired", ageMs, limitMs, announcedAt } };
}

function judgeStopped({ removeAfter }: ExpireSpec, { now }: World, stoppedAt: Instant): Judgement {
  if (removeAfter === undefined) return keep({ why: "kept-stopped", stoppedAt });
  const stoppedForMs = now - stoppedAt;
  return stoppedForMs < removeAfter
    ? keep({ why: "kept-stopped", stoppedAt, removedFrom: stoppedAt + removeAfter })
    : { decision: "remove", reason: { why: "kept-long-enough", stoppedForMs, limitMs: removeAfter } };
}

/** Whether what was announced still holds: not where its age began anew, or where it was stopped and somebody started it. */
function announces(expiry: Expiry, born: Instant): boolean {
  return expiry.bornAt === born && expiry.stopped === undefined;
}

/** When this rule stopped it, where it is as the rule left it: nobody has started it since. */
function stoppedAt(expiry: Expiry | undefined, { finishedAt }: Container): Instant | undefined {
  const stopped = expiry?.stopped;
  return stopped?.finishedAt === finishedAt ? stopped?.at : undefined;
}

/** What the age counts from. */
function bornAt({ since }: ExpireSpec, { startedAt, createdAt }: Container): Instant | undefined {
  return since === "started" ? startedAt : createdAt;
}

const keep = (reason: ExpireReason): Judgement => ({ decision: "keep", reason });
const wait = (reason: ExpireReason): Judgement => ({ decision: "wait", reason });
const refuse = (reason: ExpireReason): Judgement => ({ decision: "refuse", reason });
