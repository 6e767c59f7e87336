/** Manifests, indexes and configurations as registries keep them. Only what retention needs is read. */
import { countSchema, digestSchema, labelsSchema, type Labels } from "@shipkeeper/model";
import * as z from "zod";
import { decodeJson } from "./registry-http.ts";

const IMAGE_TYPES = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];
const INDEX_TYPES = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
];
const CONFIG_TYPES = [
  "application/vnd.oci.image.config.v1+json",
  "application/vnd.docker.container.image.v1+json",
];
/** Without these a registry answers with a manifest that it converted, under another digest. */
export const MANIFEST_TYPES: readonly string[] = [...INDEX_TYPES, ...IMAGE_TYPES];

const MOST_PARTS = 10_000;
const descriptorSchema = z.object({
  mediaType: z.string().optional(),
  digest: digestSchema,
  size: countSchema,
});
const annotationsSchema = labelsSchema.nullish().transform((labels) => labels ?? {});
const subjectSchema = descriptorSchema.nullish();

const imageSchema = z.object({
  config: descriptorSchema,
  layers: z.array(descriptorSchema).max(MOST_PARTS),
  annotations: annotationsSchema,
  subject: subjectSchema,
});
const indexSchema = z.object({
  manifests: z.array(descriptorSchema).max(MOST_PARTS),
  annotations: annotationsSchema,
  subject: subjectSchema,
});
const configSchema = z.object({
  created: z.string().nullish(),
  config: z.object({ Labels: labelsSchema.nullish() }).nullish(),
});

/** What a manifest says by itself: the same for as long as its digest is. */
export interface ManifestContent {
  readonly readable: boolean;
  readonly parts: readonly string[];
  /** Those parts that are indexes themselves, by the index's word. */
  readonly nested: readonly string[];
  readonly subject?: string;
  /** To be read for the image's build time and its labels. */
  readonly config?: string;
  readonly createdAt?: number;
  readonly labels: Labels;
  readonly blobs: readonly { readonly digest: string; readonly bytes: number }[];
}

export function isIndex(mediaType: string | undefined): boolean {
  return INDEX_TYPES.includes(mediaType ?? "");
}

const CREATED = "org.opencontainers.image.created";

/** Throws `RegistryProblem` where the bytes are not what their type says. */
export function readManifest(mediaType: string, body: Uint8Array, digest: string): ManifestContent {
  const what = `manifest ${digest}`;
  const itself = { digest, bytes: body.length };
  if (isIndex(mediaType)) {
    const { manifests, annotations, subject } = decodeJson(indexSchema, body, what);
    const parts = [...new Set(manifests.map((part) => part.digest))];
    return {
      readable: true,
      parts,
      nested: manifests.filter(({ mediaType }) => isIndex(mediaType)).map((part) => part.digest),
      labels: annotations,
      blobs: [itself],
      ...createdAt(annotations[CREATED]),
      ...(subject && { subject: subject.digest }),
    };
  }
  if (!IMAGE_TYPES.includes(mediaType))
    return { readable: false, parts: [], nested: [], labels: {}, blobs: [itself] };

  const { config, layers, annotations, subject } = decodeJson(imageSchema, body, what);
  const blobs = new Map([config, ...layers].map((blob) => [blob.digest, blob.size]));
  return {
    readable: true,
    parts: [],
    nested: [],
    labels: annotations,
    blobs: [itself, ...Array.from(blobs, ([blob, bytes]) => ({ digest: blob, bytes }))],
    ...createdAt(annotations[CREATED]),
    ...(CONFIG_TYPES.includes(config.mediaType ?? "") && { config: config.digest }),
    ...(subject && { subject: subject.digest }),
  };
}

/** Build time and labels out of an image's configuration. */
export function readConfig(body: Uint8Array, digest: string): { createdAt?: number; labels: Labels } {
  const { created, config } = decodeJson(configSchema, body, `configuration ${digest}`);
  return { labels: config?.Labels ?? {}, ...createdAt(created ?? undefined) };
}

function createdAt(text: string | undefined): { createdAt?: number } {
  const at = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(at) ? {} : { createdAt: at };
}

/** Signatures and the like are tagged after what they belong to: `sha256-0123….sig`. */
export function subjectOfTag(tag: string): string | undefined {
  const found = /^(sha256)-([0-9a-f]{64})(?:\..*)?$/.exec(tag);
  return found === null ? undefined : `${found[1]}:${found[2]}`;
}
