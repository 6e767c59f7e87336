/** A registry in memory, as far as the client asks of one, for what a real one does not do on demand. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { registryClient, type RegistryClient } from "../registry-client.ts";

const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";

interface Stored {
  readonly type: string;
  readonly body: string;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => boolean;

export interface FakeRegistry {
  readonly url: URL;
  readonly client: RegistryClient;
  /** `GET /v2/…`, in the order in which they came. */
  readonly requests: string[];
  /** Answers instead of the registry where it says that it did. */
  intercept(answer: Answer): void;
  /** Stores an image under its tags; returns its digest. None: it is there, and nothing leads to it. */
  image(
    repository: string,
    tags: readonly string[],
    facts?: { name?: string; created?: string; subject?: string },
  ): string;
  index(repository: string, tags: readonly string[], parts: readonly string[]): string;
  untag(repository: string, tag: string): void;
  tags(repository: string): string[];
}

export async function fakeRegistry(): Promise<FakeRegistry> {
  const tagged = new Map<string, Map<string, string>>();
  const manifests = new Map<string, Map<string, Stored>>();
  const blobs = new Map<string, string>();
  const requests: string[] = [];
  let answer: Answer = () => false;

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (!answer(request, response)) serve(request, response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const url = new URL(`http://127.0.0.1:${port}`);

  const of = <V>(map: Map<string, Map<string, V>>, key: string) => {
    const found = map.get(key) ?? new Map<string, V>();
    map.set(key, found);
    return found;
  };
  const store = (repository: string, tags: readonly string[], stored: Stored): string => {
    const digest = digestOf(stored.body);
    of(manifests, repository).set(digest, stored);
    for (const tag of tags) of(tagged, repository).set(tag, digest);
    return digest;
  };

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? "/", url);
    if (pathname === "/v2/_catalog") return json(response, { repositories: [...manifests.keys()].sort() });
    const [, repository = "", section, reference = ""] =
      /^\/v2\/(.+)\/(tags|manifests|blobs)\/([^/]+)$/.exec(pathname) ?? [];
    if (section === "tags")
      return json(response, { name: repository, tags: [...of(tagged, repository).keys()] });
    if (section === "blobs")
      return send(response, { type: "application/octet-stream", body: blobs.get(reference) });

    const digest = reference.startsWith("sha256:") ? reference : of(tagged, repository).get(reference);
    const found = of(manifests, repository).get(digest ?? "");
    if (found === undefined || digest === undefined)
      return send(response, { type: "text/plain", body: undefined });
    if (request.method !== "DELETE") return send(response, { ...found, digest });
    of(manifests, repository).delete(digest);
    for (const [tag, lead] of of(tagged, repository)) if (lead === digest) of(tagged, repository).delete(tag);
    response.writeHead(202).end();
  }

  return {
    url,
    client: registryClient({ url }),
    requests,
    intercept: (given) => void (answer = given),
    image(repository, tags, { name = tags.join(), created = "2020-01-01T00:00:00Z", subject } = {}) {
      const config = JSON.stringify({ created, config: { Labels: { name } } });
      blobs.set(digestOf(config), config);
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType: IMAGE,
        config: { mediaType: CONFIG, digest: digestOf(config), size: config.length },
        layers: [{ mediaType: "layer", digest: digestOf(`layer of ${name}`), size: 500 }],
        ...(subject !== undefined && { subject: { mediaType: IMAGE, digest: subject, size: 1 } }),
      });
      return store(repository, tags, { type: IMAGE, body });
    },
    index(repository, tags, parts) {
      const listed = parts.map((digest) => ({ mediaType: IMAGE, digest, size: 1 }));
      return store(repository, tags, {
        type: INDEX,
        body: JSON.stringify({ schemaVersion: 2, manifests: listed }),
      });
    },
    untag: (repository, tag) => void of(tagged, repository).delete(tag),
    tags: (repository) => [...of(tagged, repository).keys()].sort(),
  };
}

export function json(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

function send(
  response: ServerResponse,
  { type, body, digest }: { type: string; body: string | undefined; digest?: string },
): void {
  if (body === undefined) return void response.writeHead(404).end();
  const headers = { "content-type": type, ...(digest !== undefined && { "docker-content-digest": digest }) };
  response.writeHead(200, headers).end(body);
}

export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}
