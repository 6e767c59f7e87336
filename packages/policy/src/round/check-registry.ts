import { DAY_MS, HOUR_MS, matchesPattern } from "@shipkeeper/kit";
import { isStep, type Verdict } from "../actions/action.ts";
import { catalog } from "../actions/catalog.ts";
import type { RegistrySpec } from "../actions/registry/spec.ts";
import type { RegistryListing, RegistryManifest, RepositoryListing } from "./outside.ts";
import { over } from "./over.ts";
import type { RuleDay } from "./step-counts.ts";
import type { World } from "./world.ts";

/** What a rule for a registry may not do, from the listing, the fleet's list and the rule alone. */
export function checkRegistry(
  verdicts: readonly Verdict[],
  world: World,
  { spec: rawSpec, today }: { spec: unknown; today: RuleDay },
): string[] {
  const parsed = catalog.registry.spec.safeParse(rawSpec);
  if (!parsed.success) return ["its keys cannot be read"];
  const spec = parsed.data;
  const listing = world.outside?.registries.get(spec.at);
  const steps = verdicts.filter(isStep);
  const ours = [world.hostId, world.hostLabels["hostname"]].includes(spec.host);
  if (listing === undefined || !ours) return steps.length === 0 ? [] : ["deletes what was not looked at"];

  const repositories = listing.repositories.filter(({ name }) => matchesAny(spec.repositories, [name]));
  const broken = [listing, ...repositories].some(({ problem }) => problem !== undefined);
  // What an earlier rule of the round takes goes before.
  const goes = verdicts.filter((verdict) => isStep(verdict) || verdict.reason.why === "taken-by-rule");
  const deleted = new Set(goes.map(({ target }) => target.id));
  const place = ({ name }: RepositoryListing) => `${listing.address}/${name}`;
  return [
    ...(listing.problem === undefined ? uncovered(verdicts, listing.address, repositories) : []),
    ...(steps.length > 0 && broken ? ["deletes by a list that is not complete"] : []),
    ...(steps.length > 0 ? fleetProblem(world) : []),
    ...(steps.length > 0 && hasGap(world) ? ["deletes while the inventory has gaps"] : []),
    ...over("items", 0, steps.length, spec.limits.items),
    ...over("items a day", today.items, steps.length, spec.limits.perDay.items),
    ...steps.flatMap((step) => {
      const repository = repositories.find((one) => step.target.id.startsWith(`${place(one)}@`));
      const manifest = repository?.manifests.find(
        ({ digest }) => step.target.id === `${place(repository)}@${digest}`,
      );
      if (repository === undefined || manifest === undefined)
        return [`${step.target.id} is not in the listing`];
      return checkDeletion(step, manifest, { spec, world, listing, repository });
    }),
    ...repositories.flatMap((repository) => {
      const isDeleted = ({ digest }: RegistryManifest) => deleted.has(`${place(repository)}@${digest}`);
      return checkWhatStays(repository, isDeleted, spec);
    }),
  ];
}

/** Every tag, and everything without one that is no part of anything, has exactly one verdict. */
function uncovered(
  verdicts: readonly Verdict[],
  address: string,
  repositories: readonly RepositoryListing[],
): string[] {
  const judged = verdicts.map(({ target }) => target.id);
  const needed = repositories.flatMap(({ name, manifests }) =>
    manifests
      .filter(
        ({ tags, digest }) =>
          tags.length > 0 || !manifests.some((one) => one.digest !== digest && one.parts.includes(digest)),
      )
      .map(({ digest }) => `${address}/${name}@${digest}`),
  );
  return needed.filter((id) => !judged.includes(id)).map((id) => `no verdict on ${id}`);
}

function hasGap({ inventory }: World): boolean {
  return inventory.gaps.some(({ section }) => section === "images" || section === "containers");
}

/** Every name of a step's target, for what speaks of images by their names. */
export function namesInRegistry({ id }: Verdict["target"], { outside }: World): string[] {
  const listings = [...(outside?.registries.values() ?? [])];
  return listings.flatMap(({ address, repositories }) =>
    repositories.flatMap(({ name, manifests }) => {
      const found = manifests.find(({ digest }) => id === `${address}/${name}@${digest}`);
      if (found === undefined) return [];
      const names = [name, `${name}@${found.digest}`, ...found.tags.map((tag) => `${name}:${tag}`)];
      return [...names, ...names.map((one) => `${address}/${one}`)];
    }),
  );
}

function fleetProblem({ outside, now }: World): string[] {
  const fleet = outside?.fleetDigests;
  if (fleet === undefined || fleet.count === 0) return ["deletes without the fleet's list"];
  const age = now - fleet.at;
  return [
    ...(age < 0 || age > DAY_MS ? ["deletes by an old list of the fleet"] : []),
    ...(fleet.count * 5 < fleet.mostCount * 4 ? ["deletes by a list of the fleet that is too short"] : []),
  ];
}

interface Where {
  readonly spec: RegistrySpec;
  readonly world: World;
  readonly listing: RegistryListing;
  readonly repository: RepositoryListing;
}

function checkDeletion(step: Verdict, manifest: RegistryManifest, where: Where): string[] {
  const { spec, world, listing, repository } = where;
  const { tags, digest, since, labels } = manifest;
  const named = tags.map((tag) => `${repository.name}:${tag}`);
  const names = [repository.name, ...named, `${repository.name}@${digest}`, digest].flatMap((name) => [
    name,
    `${listing.address}/${name}`,
  ]);
  const { images, labels: protectedLabels } = world.guardrails.neverTouch;
  const written = Object.entries(labels).flatMap(([key, value]) => [key, `${key}=${value}`]);
  const isPart = tags.length === 0 && repository.manifests.some(({ parts }) => parts.includes(digest));
  const old = tags.length > 0 ? spec.olderThan : (spec.untaggedFor ?? Infinity);

  const problems = [
    step.expect?.["tags"] !== tags.join(" ") && "does not rely on all of its tags",
    step.expect?.["digest"] !== digest && "does not rely on its digest",
    !manifest.readable && "is of an unknown kind",
    matchesAny(images, names) && "never to be touched",
    protectedLabels.some((label) => written.includes(label)) && "never to be touched",
    tags.length > 0 && matchesAny(spec.except, names) && "is excepted",
    world.now - since < HOUR_MS && tags.length > 0 && "has just arrived",
    !isPart && (spec.by === "pushed" || tags.length === 0) && world.now - since < old && "is too young",
    isUsed(manifest, where) && "is in use",
  ].filter((problem) => problem !== false);
  return problems.map((problem) => `${step.decision} ${step.target.id}: ${problem}`);
}

/** By a host now, or by any host within the time that the rule keeps. Either knows it by its own digest or by its parts'. */
function isUsed(manifest: RegistryManifest, { spec, world, repository }: Where): boolean {
  const digests = new Set([manifest.digest]);
  for (const digest of digests) {
    const one = repository.manifests.find((other) => other.digest === digest);
    for (const part of one?.parts ?? []) digests.add(part);
    if (one?.configDigest !== undefined) digests.add(one.configDigest);
  }
  const { images, containers } = world.inventory;
  const here = [
    ...images.flatMap(({ id, digests }) => [id, ...digests]),
    ...containers.flatMap((c) => [c.imageId, c.image]),
  ];
  return [...digests].some((digest) => {
    const usedAt = world.outside?.fleetDigests?.usedAt.get(digest);
    const lately = usedAt !== undefined && world.now - usedAt <= spec.keepUsedWithin;
    return lately || here.some((reference) => reference.endsWith(digest));
  });
}

/** Nothing that stays loses a part or a signature, and so many of a repository stay as the rule says. */
function checkWhatStays(
  { name, manifests }: RepositoryListing,
  goes: (manifest: RegistryManifest) => boolean,
  { keepNewest, limits }: RegistrySpec,
): string[] {
  const tagged = manifests.filter(({ tags }) => tags.length > 0);
  const stay = manifests.filter((manifest) => !goes(manifest));
  const torn = manifests.filter(
    (manifest) =>
      goes(manifest) &&
      stay.some(({ digest, parts }) => parts.includes(manifest.digest) || manifest.attachedTo === digest),
  );
  const tags = (some: readonly RegistryManifest[]) => some.reduce((sum, one) => sum + one.tags.length, 0);
  const gone = tags(tagged.filter(goes));
  const most = Math.max(1, Math.floor((tags(tagged) * limits.share) / 100));
  const left = tagged.filter((manifest) => !goes(manifest)).length;
  return [
    ...torn.map(({ digest }) => `deletes ${name}@${digest}, which something that stays needs`),
    ...(gone > most ? [`${gone} tags of ${name}, limit ${most}`] : []),
    ...(gone > 0 && left < Math.min(keepNewest, tagged.length) ? [`leaves ${left} images of ${name}`] : []),
  ];
}

function matchesAny(patterns: readonly string[], names: readonly string[]): boolean {
  return patterns.some((pattern) => names.some((name) => matchesPattern(pattern, name)));
}
