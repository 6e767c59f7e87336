import { containerIdentity, type Container, type Image } from "@shipkeeper/model";
import { isStep, type Verdict } from "../actions/action.ts";
import { rebuiltDataset } from "../actions/rebuild/plan.ts";
import { expireReasonSchema } from "../actions/expire/reason.ts";
import { rungSchema } from "../actions/restart/sign.ts";
import type { Proof } from "../dataset/proof.ts";
import { rungOf } from "../dataset/rung.ts";
import { afterReading, sweepFacts, sweepOf } from "../dataset/sweep.ts";
import { ruleKey } from "../language/compile.ts";
import type { Outside } from "../round/outside.ts";
import type { PlannedRule } from "../round/round.ts";
import type { Expiry, World } from "../round/world.ts";

/** The world right after the steps were taken, as the agent's next inventory would show it. */
export function afterSteps(world: World, planned: readonly PlannedRule[]): World {
  const steps = planned.flatMap(({ verdicts }) => verdicts.filter(isStep));
  const removed = new Set(
    steps.filter(({ decision }) => decision === "remove").map(({ target }) => target.id),
  );
  const { inventory, now } = world;
  const used = new Set<string>(inventory.containers.map(({ imageId }) => imageId));

  return {
    ...world,
    ledger: {
      ...world.ledger,
      expiries: expiriesAfter(world, planned),
      restarts: triesAfter(world, steps),
      proofs: [...world.ledger.proofs, ...provenBy(world, steps)],
    },
    signals: { ...world.signals, probes: new Map(), ghosts: new Map() },
    ...(world.outside !== undefined && { outside: afterDeletions(world.outside, removed) }),
    inventory: {
      ...inventory,
      containers: inventory.containers
        .filter(({ id }) => !removed.has(id))
        .map((container) => afterStep(container, steps, now)),
      volumes: inventory.volumes
        .filter(({ name }) => !removed.has(name))
        .map((volume) => ({ ...volume, users: volume.users.filter((id) => !removed.has(id)) })),
      networks: inventory.networks.filter(({ id }) => !removed.has(id)),
      buildCache: inventory.buildCache.filter(({ id }) => !removed.has(id)),
      // Whatever a container referred to a moment ago was used a moment ago.
      images: inventory.images
        .filter(({ id }) => !removed.has(id))
        .map((image) => (used.has(image.id) ? rememberedAsUsed(image, now) : image)),
    },
  };
}

function afterStep(container: Container, steps: readonly Verdict[], now: number): Container {
  const step = steps.find(({ target }) => target.id === container.id);
  if (rungSchema.safeParse(step?.decision).success) {
    return { ...container, startedAt: now, health: { ...container.health, status: "starting" } };
  }
  return step?.decision === "stop"
    ? { ...container, state: "exited", finishedAt: now, exitCode: 0 }
    : container;
}

/** What the agent's ledger holds of heals, once they are begun. */
function triesAfter(
  { now, ledger, inventory }: World,
  steps: readonly Verdict[],
): World["ledger"]["restarts"] {
  const restarts = new Map(ledger.restarts);
  for (const { target, decision } of steps) {
    const rung = rungSchema.safeParse(decision).data;
    const container = inventory.containers.find(({ id }) => id === target.id);
    if (rung === undefined || container === undefined) continue;
    const identity = containerIdentity(container);
    const tried = { at: now, result: "pending", rung, imageId: container.imageId } as const;
    restarts.set(identity, [...(restarts.get(identity) ?? []), tried]);
  }
  return restarts;
}

/** What the agent's ledger holds once repositories and datasets were looked at. */
function provenBy({ now, ledger }: World, steps: readonly Verdict[]): Proof[] {
  return steps.flatMap(({ target, decision, expect }): Proof[] => {
    const looked = { repository: String(expect?.["repository"]), at: now, passed: true };
    const structure: Proof = { ...looked, level: "structure" };
    if (decision === "check-structure") return [structure];
    if (decision === "rebuild") return [{ ...looked, level: "drill", dataset: rebuiltDataset(target.id) }];
    if (decision === "sample") return [{ ...looked, level: "sample", dataset: target.id }];
    if (decision !== "read-subset") return [];
    const stretch = { from: Number(expect?.["from"]), to: Number(expect?.["to"]) };
    const { newest } = rungOf(ledger.proofs, { level: "bytes", repository: looked.repository }, now);
    const facts = sweepFacts(afterReading(sweepOf(newest), stretch, now));
    return [structure, { ...looked, level: "bytes", facts }];
  });
}

/** What was part of an index and is no more is remembered as something that lost its last tag. */
function afterDeletions(outside: Outside, removed: ReadonlySet<string>): Outside {
  const registries = [...outside.registries].map(([name, listing]) => {
    const repositories = listing.repositories.map((repository) => ({
      ...repository,
      manifests: repository.manifests.filter(
        ({ digest }) => !removed.has(`${listing.address}/${repository.name}@${digest}`),
      ),
    }));
    return [name, { ...listing, repositories }] as const;
  });
  return { ...outside, registries: new Map(registries) };
}

/** What the agent's ledger holds of announcements and stops, once they are done. */
function expiriesAfter({ now, ledger }: World, planned: readonly PlannedRule[]): readonly Expiry[] {
  const told = planned.flatMap(({ policy, rule, verdicts }) =>
    verdicts.flatMap(({ target, decision, reason: raw }): Expiry[] => {
      const reason = expireReasonSchema.safeParse(raw).data;
      const key = { rule: ruleKey(policy, rule), containerId: target.id };
      const known = ledger.expiries.find((one) => isSame(one, key));
      if (decision === "announce" && reason?.why === "ends-soon") {
        return [{ ...key, bornAt: reason.bornAt, announcedAt: now, endsAt: reason.endsAt }];
      }
      return decision === "stop" && known !== undefined
        ? [{ ...known, stopped: { at: now, finishedAt: now } }]
        : [];
    }),
  );
  return [...ledger.expiries.filter((one) => !told.some((other) => isSame(one, other))), ...told];
}

type ExpiryKey = Pick<Expiry, "rule" | "containerId">;
const isSame = (a: ExpiryKey, b: ExpiryKey) => a.rule === b.rule && a.containerId === b.containerId;

function rememberedAsUsed(image: Image, now: number): Image {
  return { ...image, memory: { firstSeenAt: image.memory?.firstSeenAt ?? now, lastUsedAt: now } };
}
