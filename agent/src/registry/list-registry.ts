/** A whole look at a registry. What cannot be read whole says so: nobody may take it for all that there is. */
import { errorChain, mapBounded, MINUTE_MS, type Instant } from "@shipkeeper/kit";
import type { RegistryListing, RegistryManifest, RepositoryListing } from "@shipkeeper/policy";
import type { RegistryMemory, RegistryPlace } from "../ledger/registry-memory.ts";
import { subjectOfTag, type ManifestContent } from "./manifest.ts";
import type { Reach, RegistryClient } from "./registry-client.ts";
import { RegistryProblem } from "./registry-errors.ts";

export interface ListRequest {
  readonly client: RegistryClient;
  readonly memory: RegistryMemory;
  readonly at: Instant;
  readonly signal: AbortSignal;
}

/** So many requests at a time: a registry serves pulls, too. */
const AT_ONCE = 8;
const MOST_LISTING_MS = 10 * MINUTE_MS;
/** Of the whole registry: every one of them may become a verdict, and a round travels as one entry. */
const MOST_MANIFESTS = 20_000;

export async function listRegistry({ client, memory, at, signal }: ListRequest): Promise<RegistryListing> {
  const { address } = client;
  const reach = { signal: AbortSignal.any([signal, AbortSignal.timeout(MOST_LISTING_MS)]) };
  try {
    const names = await client.repositories(reach);
    const repositories: RepositoryListing[] = [];
    let room = MOST_MANIFESTS;
    for (const name of names.sort()) {
      const repository = await lookAt(
        { registry: address, repository: name },
        { client, memory, at, room, reach },
      );
      room -= repository.manifests.length;
      repositories.push(repository);
    }
    memory.keepOnly(address, names);
    return { address, repositories };
  } catch (error) {
    signal.throwIfAborted();
    return { address, repositories: [], problem: errorChain(error) };
  }
}

interface RepositoryRequest extends Pick<ListRequest, "client" | "memory" | "at"> {
  readonly room: number;
  readonly reach: Reach;
}

async function lookAt(place: RegistryPlace, request: RepositoryRequest): Promise<RepositoryListing> {
  const { repository: name } = place;
  try {
    return await readRepository(place, request);
  } catch (error) {
    return { name, manifests: [], brokenTags: [], problem: errorChain(error) };
  }
}

async function readRepository(
  place: RegistryPlace,
  { client, memory, at, room, reach }: RepositoryRequest,
): Promise<RepositoryListing> {
  const name = place.repository;
  const contents = new Map<string, ManifestContent>();
  /** Reads these, and then what they are made of; what is not there is left out. */
  const read = async (digests: Iterable<string>): Promise<void> => {
    const wave = [...new Set(digests)].filter((digest) => !contents.has(digest));
    if (wave.length === 0) return;
    if (contents.size + wave.length > room)
      throw new RegistryProblem(`more than ${MOST_MANIFESTS} manifests`);
    const found = await mapBounded(wave, AT_ONCE, (digest) => client.manifest(name, digest, reach));
    const there = wave.flatMap((digest, index) => {
      const content = found[index];
      return content === undefined ? [] : [[digest, content] as const];
    });
    for (const [digest, content] of there) contents.set(digest, content);
    await read(there.flatMap(([, { parts }]) => parts));
  };

  const tags = await client.tags(name, reach);
  const leads = await mapBounded(
    tags,
    AT_ONCE,
    async (tag) => [tag, await client.find(name, tag, reach)] as const,
  );
  await read(leads.flatMap(([, found]) => found?.digest ?? []));
  const digestByTag = new Map(
    leads.flatMap(([tag, found]) =>
      found !== undefined && contents.has(found.digest) ? [[tag, found.digest] as const] : [],
    ),
  );
  const reached = new Set(contents.keys());
  await read(memory.known(place));

  const since = memory.remember(place, { digestByTag, found: new Set(contents.keys()), reached }, at);
  const tagsOf = Map.groupBy(digestByTag.keys(), (tag) => digestByTag.get(tag) ?? "");
  const manifests = Array.from(contents, ([digest, content]): RegistryManifest => {
    const { config, subject, createdAt: _, nested: __, ...told } = content;
    const own = (tagsOf.get(digest) ?? []).sort();
    const createdAt = builtAt(content, contents);
    const attachedTo = subject ?? own.flatMap((tag) => subjectOfTag(tag) ?? [])[0];
    return {
      ...told,
      digest,
      tags: own,
      since: since.get(digest) ?? at,
      ...(createdAt !== undefined && { createdAt }),
      ...(attachedTo !== undefined && { attachedTo }),
      ...(config !== undefined && { configDigest: config }),
    };
  });
  return { name, manifests, brokenTags: tags.filter((tag) => !digestByTag.has(tag)).sort() };
}

/** An index is as young as its youngest part. */
function builtAt(
  { createdAt, parts }: ManifestContent,
  contents: ReadonlyMap<string, ManifestContent>,
): Instant | undefined {
  const times = [createdAt, ...parts.map((part) => contents.get(part)?.createdAt)].filter(
    (at) => at !== undefined,
  );
  return times.length === 0 ? undefined : Math.max(...times);
}
