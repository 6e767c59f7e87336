/** A Docker registry (API v2, OCI distribution) as far as retention needs it. Decides nothing. */
import { createHash } from "node:crypto";
import { digestSchema } from "@shipkeeper/model";
import type { HttpAnswer } from "@shipkeeper/runtime";
import * as z from "zod";
import { MANIFEST_TYPES, readConfig, readManifest, type ManifestContent } from "./manifest.ts";
import { DeletionNotAllowed, RegistryProblem } from "./registry-errors.ts";
import { decodeJson, registryHttp, type RegistryAddress, type RegistryRequest } from "./registry-http.ts";

export type Reach = Pick<RegistryRequest, "signal">;

/** Every call throws `RegistryProblem` where the registry cannot be asked or its answer cannot be used. */
export interface RegistryClient {
  /** What the names of its images begin with. */
  readonly address: string;
  repositories(reach: Reach): Promise<string[]>;
  /** None for a repository that is not there. */
  tags(repository: string, reach: Reach): Promise<string[]>;
  /** The digest that a tag leads to, or a digest that is there; undefined where it leads to nothing. */
  find(repository: string, reference: string, reach: Reach): Promise<FoundManifest | undefined>;
  /** Undefined where it is gone. What comes is what the digest says. */
  manifest(repository: string, digest: string, reach: Reach): Promise<ManifestContent | undefined>;
  /** Takes the digest away with every tag that leads to it. Throws `DeletionNotAllowed`. */
  deleteManifest(repository: string, digest: string, reach: Reach): Promise<"accepted" | "gone">;
}

export interface FoundManifest {
  readonly digest: string;
  readonly mediaType: string;
}

/** What a registry may hold at most to be listed whole. */
export const MOST_REPOSITORIES = 5_000;
export const MOST_TAGS = 20_000;
const PAGE = 1_000;
const MOST_PAGES = 200;

// Names become parts of addresses: what the specification does not allow is not asked for.
const repositorySchema = z
  .string()
  .max(255)
  .regex(/^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/);
const tagSchema = z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/);
const catalogSchema = z.object({ repositories: z.array(repositorySchema).nullable() });
const tagsSchema = z.object({ tags: z.array(tagSchema).nullish() });

export function registryClient(registry: RegistryAddress): RegistryClient {
  const http = registryHttp(registry);
  const address = registry.url.host;

  const ask = (method: RegistryRequest["method"], target: string, { signal }: Reach) =>
    http({ method, target, accept: MANIFEST_TYPES, signal });

  /** All pages of a list; undefined where the registry knows no such thing. */
  async function pages<T>(start: string, schema: z.ZodType<T>, reach: Reach): Promise<T[] | undefined> {
    const found: T[] = [];
    let target: string | undefined = start;
    for (let page = 1; target !== undefined; page += 1) {
      if (page > MOST_PAGES) throw new RegistryProblem(`${start} has more than ${MOST_PAGES} pages`);
      const answer: HttpAnswer = await ask("GET", target, reach);
      if (answer.status === 404 && page === 1) return undefined;
      expectStatus(answer, 200, `GET ${target}`);
      found.push(decodeJson(schema, answer.body, `the answer to GET ${target}`));
      target = nextPage(answer, new URL(target, registry.url));
    }
    return found;
  }

  return {
    address,

    async repositories(reach) {
      const found = await pages(`/v2/_catalog?n=${PAGE}`, catalogSchema, reach);
      if (found === undefined)
        throw new RegistryProblem(`the registry at ${address} does not list its repositories`);
      return atMost(
        MOST_REPOSITORIES,
        "repositories",
        found.flatMap(({ repositories }) => repositories ?? []),
      );
    },

    async tags(repository, reach) {
      const found = (await pages(`/v2/${repository}/tags/list?n=${PAGE}`, tagsSchema, reach)) ?? [];
      return atMost(
        MOST_TAGS,
        "tags",
        found.flatMap(({ tags }) => tags ?? []),
      );
    },

    async find(repository, reference, reach) {
      const target = `/v2/${repository}/manifests/${reference}`;
      const answer = await ask("HEAD", target, reach);
      if (answer.status === 404) return undefined;
      expectStatus(answer, 200, `HEAD ${target}`);
      const digest = digestSchema.safeParse(answer.headers["docker-content-digest"]);
      if (!digest.success)
        throw new RegistryProblem(`the registry at ${address} does not tell the digest of ${target}`);
      return { digest: digest.data, mediaType: mediaTypeOf(answer) };
    },

    async manifest(repository, digest, reach) {
      const found = await content(`/v2/${repository}/manifests/${digest}`, digest, reach);
      if (found === undefined) return undefined;
      const manifest = readManifest(mediaTypeOf(found), found.body, digest);
      if (manifest.config === undefined) return manifest;
      const config = await content(`/v2/${repository}/blobs/${manifest.config}`, manifest.config, reach);
      // A manifest whose configuration is lost is broken: nothing is known of its age.
      if (config === undefined) return { ...manifest, readable: false };
      const { labels, ...built } = readConfig(config.body, manifest.config);
      return { ...manifest, ...built, labels: { ...manifest.labels, ...labels } };
    },

    async deleteManifest(repository, digest, reach) {
      const target = `/v2/${repository}/manifests/${digest}`;
      const answer = await ask("DELETE", target, reach);
      if (answer.status === 404) return "gone";
      if (answer.status === 405) {
        throw new DeletionNotAllowed(
          `the registry at ${address} does not allow deletion: start it with REGISTRY_STORAGE_DELETE_ENABLED=true`,
        );
      }
      if (answer.status === 401 || answer.status === 403) {
        throw new DeletionNotAllowed(
          `the registry at ${address} does not let this host delete: status ${answer.status}`,
        );
      }
      expectStatus(answer, 202, `DELETE ${target}`);
      return "accepted";
    },
  };

  async function content(target: string, digest: string, reach: Reach): Promise<HttpAnswer | undefined> {
    const answer = await ask("GET", target, reach);
    if (answer.status === 404) return undefined;
    expectStatus(answer, 200, `GET ${target}`);
    const [algorithm = "", expected] = digest.split(":");
    const seen = createHash(algorithm).update(answer.body).digest("hex");
    if (seen === expected) return answer;
    throw new RegistryProblem(`what came for ${target} is not what its digest says`);
  }

  function expectStatus({ status }: HttpAnswer, expected: number, tried: string): void {
    // The body is not repeated: it may be a page of anything.
    if (status !== expected)
      throw new RegistryProblem(`${tried} on ${address} was answered with status ${status}`);
  }
}

function mediaTypeOf({ headers }: HttpAnswer): string {
  return (headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
}

/** `Link: </v2/_catalog?last=b&n=100>; rel="next"`, of the same registry. */
function nextPage({ headers }: HttpAnswer, base: URL): string | undefined {
  const [, link] = /<([^>]+)>\s*;\s*rel="?next"?/i.exec(String(headers["link"] ?? "")) ?? [];
  if (link === undefined) return undefined;
  const next = URL.parse(link, base.href);
  if (next === null || next.origin !== base.origin) {
    throw new RegistryProblem(`the next page of ${base.pathname} lies elsewhere: ${link.slice(0, 200)}`);
  }
  return `${next.pathname}${next.search}`;
}

function atMost(most: number, what: string, items: readonly string[]): string[] {
  const distinct = [...new Set(items)];
  if (distinct.length > most) throw new RegistryProblem(`more than ${most} ${what}`);
  return distinct;
}
