/** One host as the checks see it: what it holds, found by id and by name, and what others know about it. */
import type { Instant } from "@shipkeeper/kit";
import type { Container, ContainerId, Image, ImageId, Inventory } from "@shipkeeper/model";
import type { DatasetId } from "../dataset/dataset.ts";
import type { Proof } from "../dataset/proof.ts";
import type { PointFact } from "../objectives/agreement.ts";
import type { Standing } from "../round/standing.ts";
import type { BaseImage } from "./check.ts";
import type { WatchedLog } from "../logs/watched-log.ts";
import { fullName } from "./image-names.ts";

/** What the host is allowed and configured to do, as far as it decides about backups, and how these stand. */
export interface BackupsToJudge extends Pick<
  Standing,
  "hostLabels" | "guardrails" | "repositories" | "self"
> {
  readonly points: readonly PointFact[];
  readonly proofs: readonly Proof[];
}

/** Everything that judging a host needs. Things of the inventory carry the owner that was found for them. */
export interface HostToJudge {
  readonly hostname: string;
  readonly inventory: Pick<Inventory, "containers" | "images" | "volumes" | "gaps">;
  /** The newest of the host's datasets in all repositories; those that nobody listed yet do not count. */
  readonly restorePoints: readonly { readonly dataset: DatasetId; readonly at: Instant }[];
  /** What the host's images are built on, the closest first. An image that is not in it may name its base itself. */
  readonly bases: ReadonlyMap<ImageId, readonly BaseImage[]>;
  /** Container id → what watching its log told last; quiet ones are left out. Absent where nobody watches them. */
  readonly logs?: ReadonlyMap<string, WatchedLog> | undefined;
  /** Absent where the host never told: nothing is said of what checks of its data found before. */
  readonly backups?: BackupsToJudge | undefined;
}

export interface HostView {
  readonly now: Instant;
  readonly hostname: string;
  readonly imageById: ReadonlyMap<ImageId, Image>;
  /** By the full name of every tag: `docker.io/library/web:1`. */
  readonly imageByTag: ReadonlyMap<string, Image>;
  readonly containerById: ReadonlyMap<ContainerId, Container>;
  /** The images that any container, in whatever state, was made from. */
  readonly usedImages: ReadonlySet<ImageId>;
  /** When the data of each dataset's newest restore point was read. */
  readonly newestRestorePoint: ReadonlyMap<DatasetId, Instant>;
  readonly logs: ReadonlyMap<string, WatchedLog> | undefined;
  readonly backups: BackupsToJudge | undefined;
  basesOf(image: Image): readonly BaseImage[];
}

export function viewHost(host: HostToJudge, now: Instant): HostView {
  const { images, containers } = host.inventory;
  const newestRestorePoint = new Map<DatasetId, Instant>();
  for (const { dataset, at } of host.restorePoints) {
    newestRestorePoint.set(dataset, Math.max(at, newestRestorePoint.get(dataset) ?? at));
  }
  return {
    now,
    hostname: host.hostname,
    imageById: new Map(images.map((image) => [image.id, image])),
    imageByTag: new Map(images.flatMap((image) => image.tags.map((tag) => [fullName(tag), image] as const))),
    containerById: new Map(containers.map((container) => [container.id, container])),
    usedImages: new Set(containers.map(({ imageId }) => imageId)),
    newestRestorePoint,
    logs: host.logs,
    backups: host.backups,
    basesOf: (image) => host.bases.get(image.id) ?? basesByLabel(image),
  };
}

/** What the builder wrote, where nothing better is known. */
export function basesByLabel({ baseName, baseDigest }: Image): readonly BaseImage[] {
  if (baseName === undefined) return [];
  return [{ names: baseDigest === undefined ? [baseName] : [baseName, `${baseName}@${baseDigest}`] }];
}
