import { createHash } from "node:crypto";

const INDEX = "application/vnd.docker.distribution.manifest.list.v2+json";
const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** Puts an index over manifests that a repository has, as `docker buildx` does, and returns its digest. */
export async function pushIndex(registry: string, name: string, digests: readonly string[]): Promise<string> {
  const [repository, tag] = name.split(":");
  const manifests = await Promise.all(
    digests.map(async (digest, place) => {
      const answer = await fetch(`http://${registry}/v2/${repository}/manifests/${digest}`, {
        headers: { accept: MANIFEST },
      });
      const { byteLength: size } = await answer.arrayBuffer();
      const architecture = ["amd64", "arm64"][place] ?? "s390x";
      return { mediaType: MANIFEST, digest, size, platform: { os: "linux", architecture } };
    }),
  );
  const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
  const put = await fetch(`http://${registry}/v2/${repository}/manifests/${tag}`, {
    method: "PUT",
    headers: { "content-type": INDEX },
    body,
  });
  if (put.status !== 201) throw new Error(`the registry refused an index: ${put.status} ${await put.text()}`);
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

/** All tags of a repository, sorted. */
export async function tagsOf(registry: string, repository: string): Promise<string[]> {
  const answer = await fetch(`http://${registry}/v2/${repository}/tags/list`);
  const { tags } = (await answer.json()) as { tags?: string[] | null };
  return (tags ?? []).sort();
}

/** Whether a repository still has the manifest. */
export async function hasManifest(registry: string, repository: string, digest: string): Promise<boolean> {
  const url = `http://${registry}/v2/${repository}/manifests/${digest}`;
  const answer = await fetch(url, { method: "HEAD", headers: { accept: `${MANIFEST}, ${INDEX}` } });
  return answer.status === 200;
}
