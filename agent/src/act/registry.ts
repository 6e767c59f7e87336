/** Deletes images from a registry, one digest at a time, each looked at once more right before. Frees nothing by itself. */
import { assert, mapBounded } from "@shipkeeper/kit";
import { type RegistryFacts, type Verdict } from "@shipkeeper/policy";
import { isIndex } from "../registry/manifest.ts";
import type { FoundManifest, RegistryClient } from "../registry/registry-client.ts";
import { RegistryProblem } from "../registry/registry-errors.ts";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler, StepResult } from "./apply-plan.ts";

const AT_ONCE = 8;
const GONE: StepResult = { status: "skipped", why: "already-gone" };

export const registryHandler: ActionHandler = {
  // Changes nothing of the host.
  exclusive: false,
  freesSpace: false,

  async take(verdict, context) {
    assert(verdict.decision === "remove", `registry knows no decision ${verdict.decision}`);
    const { repository, digest, tags } = placeOf(verdict);
    const client = clientOf(verdict, context);
    const { signal } = context;

    if ((await client.find(repository, digest, { signal })) === undefined) return GONE;
    const changed = await changeOf({ repository, digest, tags }, client, context);
    if (changed !== undefined) return { status: "skipped", why: "changed-since-plan", facts: { changed } };

    if ((await client.deleteManifest(repository, digest, { signal })) === "gone") return GONE;
    if ((await client.find(repository, digest, { signal })) !== undefined) {
      throw new RegistryProblem(`the registry took the deletion of ${verdict.target.name} and still has it`);
    }
    const facts: RegistryFacts = { tags: tags.length, reclaimableBytes: verdict.bytes ?? 0 };
    return { status: "done", facts };
  },

  async finish(outcomes, { log, rule }) {
    const deleted = outcomes.filter(({ status }) => status === "done").length;
    if (deleted > 0)
      log.info({ rule, deleted }, "the registry frees what was deleted when its garbage collection runs");
  },

  async settle({ verdict }, context) {
    const { repository, digest } = placeOf(verdict);
    const found = await clientOf(verdict, context).find(repository, digest, { signal: context.signal });
    return found === undefined
      ? { status: "done", why: "found-gone" }
      : { status: "skipped", why: "cut-off" };
  },
};

interface Place {
  readonly repository: string;
  readonly digest: string;
  readonly tags: readonly string[];
}

/** Where a tag leads, as far as this run has looked, and what is below an index. */
interface Look {
  readonly leads: Map<string, FoundManifest>;
  readonly below: Map<string, ReadonlySet<string>>;
}

/** Per run and repository: what an index is made of never changes, and only tags that are new are looked at again. */
const looks = new WeakMap<ActContext, Map<string, Look>>();

/** What is no longer as planned: its own tags, or an index that needs it. Deleting would take all of it along. */
async function changeOf(
  { repository, digest, tags }: Place,
  client: RegistryClient,
  context: ActContext,
): Promise<string | undefined> {
  const { signal } = context;
  const ofRun = looks.get(context) ?? new Map<string, Look>();
  looks.set(context, ofRun);
  const look = ofRun.get(repository) ?? { leads: new Map(), below: new Map() };
  ofRun.set(repository, look);

  const listed = await client.tags(repository, { signal });
  const stale = listed.filter((tag) => tags.includes(tag) || !look.leads.has(tag));
  await mapBounded(stale, AT_ONCE, async (tag) => {
    const found = await client.find(repository, tag, { signal });
    if (found === undefined) look.leads.delete(tag);
    else look.leads.set(tag, found);
  });

  const leading = listed.filter((tag) => look.leads.get(tag)?.digest === digest);
  if (leading.sort().join(" ") !== [...tags].sort().join(" ")) return "tags";
  for (const tag of listed) {
    const lead = look.leads.get(tag);
    if (lead === undefined || lead.digest === digest || !isIndex(lead.mediaType)) continue;
    const below = look.below.get(lead.digest) ?? (await partsBelow(lead.digest, repository, client, signal));
    look.below.set(lead.digest, below);
    if (below.has(digest)) return "parts";
  }
  return undefined;
}

/** Every part of an index, and of indexes in it. */
async function partsBelow(
  index: string,
  repository: string,
  client: RegistryClient,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const parts = new Set<string>();
  const indexes = new Set([index]);
  for (const digest of indexes) {
    const content = await client.manifest(repository, digest, { signal });
    for (const part of content?.parts ?? []) parts.add(part);
    for (const nested of content?.nested ?? []) indexes.add(nested);
  }
  return parts;
}

function placeOf({ expect }: Verdict): Place {
  const { repository, digest, tags } = expect ?? {};
  assert(
    typeof repository === "string" && typeof digest === "string" && typeof tags === "string",
    "a step on a registry says what it relies on",
  );
  return { repository, digest, tags: tags.split(" ").filter((tag) => tag !== "") };
}

function clientOf({ expect }: Verdict, { registries }: Pick<ActContext, "registries">): RegistryClient {
  const client = registries.get(String(expect?.["registry"]));
  if (client !== undefined) return client;
  throw new RegistryProblem(`this host's configuration names no registry ${String(expect?.["registry"])}`);
}
