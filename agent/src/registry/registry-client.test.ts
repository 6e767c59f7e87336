import type { IncomingMessage, ServerResponse } from "node:http";
import { errorChain } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { parseChallenge } from "./challenge.ts";
import { registryClient } from "./registry-client.ts";
import { fakeRegistry, json } from "./testing/fake-registry.ts";

const reach = { signal: new AbortController().signal };
const because = (attempt: Promise<unknown>) => attempt.then(() => "nothing went wrong", errorChain);
const isFor = (request: IncomingMessage, path: string) => request.url?.split("?")[0] === path;
const redirect = (response: ServerResponse, location: string) => response.writeHead(307, { location }).end();

test("all pages of a list are read, and none of another registry", async () => {
  const registry = await fakeRegistry();
  registry.intercept((request, response) => {
    const last = new URL(request.url ?? "", registry.url).searchParams.get("last");
    const next = last === null ? { link: '</v2/_catalog?last=b&n=2>; rel="next"' } : {};
    json(response, { repositories: last === null ? ["a", "b"] : ["b", "c/d"] }, next);
    return true;
  });

  expect(await registry.client.repositories(reach)).toEqual(["a", "b", "c/d"]);

  registry.intercept((_, response) => {
    json(response, { repositories: [] }, { link: '<http://elsewhere.example/v2/_catalog>; rel="next"' });
    return true;
  });
  expect(await because(registry.client.repositories(reach))).toContain("lies elsewhere");
});

test("a list that never ends, names that lead out of it, and pages of anything are no answers", async () => {
  const registry = await fakeRegistry();
  const answering = (body: unknown, headers = {}) => {
    registry.intercept((_, response) => (json(response, body, headers), true));
    return because(registry.client.repositories(reach));
  };

  expect(await answering({ repositories: ["a"] }, { link: '</v2/_catalog?n=1>; rel="next"' })).toContain(
    "more than 200 pages",
  );
  expect(await answering({ repositories: ["../../etc"] })).toContain("cannot read the answer");
  expect(await answering("<html>")).toContain("cannot read the answer");
  registry.intercept((_, response) => (response.writeHead(503).end(), true));
  expect(await because(registry.client.repositories(reach))).toContain("status 503");
});

test("what comes for a digest has to be what the digest says", async () => {
  const registry = await fakeRegistry();
  const digest = registry.image("web", ["1"]);
  registry.intercept(
    (request, response) =>
      isFor(request, `/v2/web/manifests/${digest}`) && (json(response, { layers: [] }), true),
  );

  expect(await because(registry.client.manifest("web", digest, reach))).toContain(
    "is not what its digest says",
  );
});

test("an answer that does not end is cut off", async () => {
  const registry = await fakeRegistry();
  registry.intercept((_, response) => (response.writeHead(200).end(Buffer.alloc(9 * 2 ** 20, " ")), true));

  expect(await because(registry.client.tags("web", reach))).toContain("larger than 8388608 bytes");
});

/** A registry and its token service, which wants a name and a password. */
async function guardedRegistry() {
  const registry = await fakeRegistry();
  const digest = registry.image("web", ["1"]);
  const seen: string[] = [];
  registry.intercept((request, response) => {
    const { authorization = "none" } = request.headers;
    seen.push(`${request.method} ${request.url?.split("?")[0]} ${authorization.split(" ")[0]}`);
    if (isFor(request, "/token")) {
      const { searchParams } = new URL(request.url ?? "", registry.url);
      const right = authorization === `Basic ${btoa("me:secret")}`;
      if (right) json(response, { token: `for ${searchParams.get("scope")}` });
      else response.writeHead(401).end();
      return true;
    }
    const scope = request.method === "DELETE" ? "repository:web:delete" : "repository:web:pull";
    if (authorization === `Bearer for ${scope}`) return false;
    const challenge = `Bearer realm="${registry.url.href}token",service="lab",scope="${scope}"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
    return true;
  });
  return { registry, digest, seen };
}

test("tokens are fetched when they are asked for, used again for the same place, and never for another right", async () => {
  const { registry, digest, seen } = await guardedRegistry();
  const credentials = () => ({ username: "me", password: "secret" });
  const client = registryClient({ url: registry.url, credentials });

  await client.tags("web", reach);
  await client.find("web", "1", reach);
  await client.deleteManifest("web", digest, reach);

  expect(seen.map((line) => line.replace(digest, "DIGEST"))).toEqual([
    "GET /v2/web/tags/list none",
    "GET /token Basic",
    "GET /v2/web/tags/list Bearer",
    "HEAD /v2/web/manifests/1 Bearer",
    "DELETE /v2/web/manifests/DIGEST none",
    "GET /token Basic",
    "DELETE /v2/web/manifests/DIGEST Bearer",
  ]);
  expect(registry.tags("web")).toEqual([]);
});

test("without the right credentials there is a sentence, and no loop", async () => {
  const { registry, seen } = await guardedRegistry();

  expect(await because(registryClient({ url: registry.url }).tags("web", reach))).toContain(
    "gives no token: status 401",
  );
  expect(seen).toHaveLength(2);
});

test("content is fetched from where the registry sends, without its credentials; a deletion is sent nowhere", async () => {
  const registry = await fakeRegistry();
  const storage = await fakeRegistry();
  const digest = registry.image("web", ["1"]);
  storage.image("web", ["1"]);
  const credentials = () => ({ username: "me", password: "secret" });
  const client = registryClient({ url: registry.url, credentials });
  const authorizations: string[] = [];
  registry.intercept((request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": "Basic realm=lab" }).end();
      return true;
    }
    if (!request.url?.includes("/blobs/") && request.method !== "DELETE") return false;
    redirect(response, new URL(request.url ?? "", storage.url).href);
    return true;
  });
  storage.intercept((request) => (authorizations.push(request.headers.authorization ?? "none"), false));

  const manifest = await client.manifest("web", digest, reach);

  expect(manifest).toMatchObject({ createdAt: Date.UTC(2020, 0, 1), labels: { name: "1" } });
  expect(authorizations).toEqual(["none"]);
  expect(await because(client.deleteManifest("web", digest, reach))).toContain("was sent on");
  expect(storage.tags("web")).toEqual(["1"]);
});

test("a registry that sends in circles, or to something that is no web address, is left", async () => {
  const registry = await fakeRegistry();
  const sending = (location: string) => {
    registry.intercept((_, response) => (redirect(response, location), true));
    return because(registry.client.tags("web", reach));
  };

  expect(await sending("/v2/web/tags/list")).toContain("was sent on 4 times");
  expect(await sending("file:///etc/passwd")).toContain("not to be asked");
});

test("a refusal to delete says what to do about it", async () => {
  const registry = await fakeRegistry();
  const answering = (status: number) => {
    registry.intercept((_, response) => (response.writeHead(status).end(), true));
    return because(registry.client.deleteManifest("web", "sha256:1", reach));
  };

  expect(await answering(405)).toContain("REGISTRY_STORAGE_DELETE_ENABLED=true");
  expect(await answering(403)).toContain("does not let this host delete");
  expect(await answering(500)).toContain("status 500");
});

test.each([
  ['Basic realm="x"', { scheme: "basic" }],
  [
    'Bearer realm="https://a.example/t?x=1",service="s",scope="repository:a/b:pull,push"',
    { scheme: "bearer", realm: "https://a.example/t?x=1", service: "s", scope: "repository:a/b:pull,push" },
  ],
  ["bearer realm=https://a.example/t", { scheme: "bearer", realm: "https://a.example/t" }],
  ["Bearer service=s", undefined],
  ["Negotiate", undefined],
  ["", undefined],
  [undefined, undefined],
])("the challenge %s is understood", (header, challenge) => {
  expect(parseChallenge(header)).toEqual(challenge);
});
