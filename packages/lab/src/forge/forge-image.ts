import { createHash } from "node:crypto";
import type { FileEntry } from "./file-entry.ts";
import { tarArchive } from "./tar.ts";

export interface ImageSpec {
  /** `repository:tag`; an image without tags is dangling. */
  tags?: readonly string[];
  /** Text goes into the image as it is: year 1, 1970, the future, or nonsense. Undefined leaves the field out. */
  createdAt?: Date | string | undefined;
  /** Comes with its layers and its history below this image's own, and with its settings unless overridden. */
  base?: ForgedImage;
  /** Equal layers are one layer, in an archive and in an engine's store. */
  layers?: readonly LayerSpec[];
  labels?: Readonly<Record<string, string>>;
  user?: string;
  healthcheck?: Healthcheck;
  /** For instance `8080/tcp`. */
  exposedPorts?: readonly string[];
  env?: Readonly<Record<string, string>>;
  cmd?: readonly string[];
  entrypoint?: readonly string[];
  workdir?: string;
  /** This image's own part of the history. Without it there is an entry for every layer and one for the command. */
  history?: readonly HistoryEntry[];
}

export type LayerSpec = readonly FileEntry[];

export interface Healthcheck {
  /** The engine's form: `["CMD", ...]`, `["CMD-SHELL", line]` or `["NONE"]`. */
  test: readonly string[];
  intervalMs?: number;
  timeoutMs?: number;
  startPeriodMs?: number;
  retries?: number;
}

export interface HistoryEntry {
  created?: string | undefined;
  created_by?: string;
  comment?: string;
  empty_layer?: boolean;
}

export interface ForgedImage {
  /** `sha256:` and the digest of the configuration: what the engine calls it once it is loaded. */
  readonly id: string;
  readonly tags: readonly string[];
  readonly layers: readonly ForgedLayer[];
  /** The configuration's bytes, as the engine keeps them. */
  readonly configText: string;
  readonly config: ImageConfig;
}

export interface ForgedLayer {
  /** Digest of the tar. */
  readonly diffId: string;
  readonly tar: Buffer;
}

export interface ImageConfig {
  readonly created?: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly history: readonly HistoryEntry[];
}

/** Makes an image of any age and content. Nothing is loaded anywhere: see `loadImages`. */
export function forgeImage(spec: ImageSpec): ForgedImage {
  const created = spec.createdAt instanceof Date ? spec.createdAt.toISOString() : spec.createdAt;
  const own = (spec.layers ?? []).map(forgeLayer);
  const layers = [...(spec.base?.layers ?? []), ...own];

  const config = {
    architecture: "amd64",
    os: "linux",
    ...(created === undefined ? {} : { created }),
    config: { ...spec.base?.config.config, ...settings(spec) },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history: [...(spec.base?.config.history ?? []), ...(spec.history ?? plainHistory(spec, created))],
  };
  const configText = JSON.stringify(config);
  return { id: digest(configText), tags: spec.tags ?? [], layers, configText, config };
}

/** What `docker load` reads: every image with its configuration, and every layer once. */
export function imageArchive(images: readonly ForgedImage[]): Buffer {
  const layers = new Map(images.flatMap((image) => image.layers).map((layer) => [layer.diffId, layer]));
  const manifest = images.map((image) => ({
    Config: `${bare(image.id)}.json`,
    RepoTags: image.tags,
    Layers: image.layers.map((layer) => `${bare(layer.diffId)}.tar`),
  }));

  return tarArchive([
    ...Array.from(layers.values(), (layer) => ({ path: `${bare(layer.diffId)}.tar`, content: layer.tar })),
    ...images.map((image) => ({ path: `${bare(image.id)}.json`, content: image.configText })),
    { path: "manifest.json", content: JSON.stringify(manifest) },
  ]);
}

function forgeLayer(files: LayerSpec): ForgedLayer {
  const tar = tarArchive(files);
  return { diffId: digest(tar), tar };
}

function settings(spec: ImageSpec): Record<string, unknown> {
  const all = {
    Labels: spec.labels,
    User: spec.user,
    Healthcheck: spec.healthcheck && engineHealthcheck(spec.healthcheck),
    ExposedPorts: spec.exposedPorts && Object.fromEntries(spec.exposedPorts.map((port) => [port, {}])),
    Env: spec.env && Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    Cmd: spec.cmd,
    Entrypoint: spec.entrypoint,
    WorkingDir: spec.workdir,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The engine counts in nanoseconds, and takes its own defaults (30 s, 3 retries) for what is missing. */
export function engineHealthcheck(check: Healthcheck): Record<string, unknown> {
  const nanoseconds = (ms: number | undefined) => (ms === undefined ? undefined : ms * 1_000_000);
  return {
    Test: check.test,
    Interval: nanoseconds(check.intervalMs),
    Timeout: nanoseconds(check.timeoutMs),
    StartPeriod: nanoseconds(check.startPeriodMs),
    Retries: check.retries,
  };
}

function plainHistory({ layers = [], cmd }: ImageSpec, created: string | undefined): HistoryEntry[] {
  const own = layers.map((files) => ({
    created,
    created_by: `COPY ${files.map((file) => file.path).join(" ")} /`,
  }));
  const command = { created, created_by: `CMD ${JSON.stringify(cmd)}`, empty_layer: true };
  return cmd === undefined ? own : [...own, command];
}

function digest(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

function bare(digest: string): string {
  return digest.slice("sha256:".length);
}
