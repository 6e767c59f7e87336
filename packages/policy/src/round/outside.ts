/** What a round looks at beyond its own host. It is looked at only where a due rule needs it (`ActionKind.needs`). */
import type { Instant } from "@shipkeeper/kit";
import type { Labels } from "@shipkeeper/model";
import type { DatasetId } from "../dataset/dataset.ts";
import type { RestorePointSize } from "../dataset/plausibility.ts";

/** Something that must be looked at before a rule is planned. What could not be looked at is missing then, never empty. */
export type Need =
  | { readonly what: "registry"; readonly name: string }
  /** What all hosts hold, by the collector's word. */
  | { readonly what: "fleet-digests" }
  /** Everything of Shipkeeper's that a backup repository holds. */
  | { readonly what: "restore-points"; readonly repository: string };

export interface Outside {
  /** Registries by the names that the host's configuration gives them. */
  readonly registries: ReadonlyMap<string, RegistryListing>;
  readonly fleetDigests?: FleetDigests | undefined;
  /** Backup repositories by the names that the host's configuration gives them. */
  readonly restorePoints?: ReadonlyMap<string, RestorePointListing> | undefined;
}

/** What a backup repository holds, as it said itself. */
export interface RestorePointListing {
  /** This host's credentials cannot delete: then nothing is listed. */
  readonly appendOnly: boolean;
  /** Of all hosts. */
  readonly points: readonly ListedRestorePoint[];
  /** Why it was not listed. */
  readonly problem?: string | undefined;
}

export interface ListedRestorePoint {
  readonly id: string;
  /** When its data was read. */
  readonly at: Instant;
  readonly hostId: string;
  readonly dataset: DatasetId;
  /** The `ruleKey` of the backup rule that made it. */
  readonly rule?: string | undefined;
  /** Where it is known. */
  readonly size?: RestorePointSize | undefined;
}

/** What a registry holds, as it said itself. */
export interface RegistryListing {
  /** What the names of its images begin with: `registry.acme.example:5000`. */
  readonly address: string;
  readonly repositories: readonly RepositoryListing[];
  /** Why the list of repositories is not whole. */
  readonly problem?: string | undefined;
}

export interface RepositoryListing {
  readonly name: string;
  /** With a tag, part of one with a tag, or remembered from when it was. A registry lists no others. */
  readonly manifests: readonly RegistryManifest[];
  /** Tags that are listed and lead to nothing. */
  readonly brokenTags: readonly string[];
  /** Why the list is not whole. */
  readonly problem?: string | undefined;
}

export interface RegistryManifest {
  readonly digest: string;
  /** All of them, sorted. None for parts of an index, and for what lost its last tag. */
  readonly tags: readonly string[];
  /** When the agent first saw the youngest of its tags lead here; where none does, since when. */
  readonly since: Instant;
  /** The builder's word; of an index, that of its newest part. See `buildAgeMs`. */
  readonly createdAt?: Instant | undefined;
  /** Manifests of an index, e.g. one for each architecture. */
  readonly parts: readonly string[];
  /** What it is a signature or a bill of materials of. */
  readonly attachedTo?: string | undefined;
  /** Of the configuration: the image's id on hosts whose engine keeps images unpacked only. */
  readonly configDigest?: string | undefined;
  readonly labels: Labels;
  /** What the registry stores for it: the manifest itself, the configuration, the layers. */
  readonly blobs: readonly { readonly digest: string; readonly bytes: number }[];
  /** False for kinds that this version cannot read: what they refer to is not known. */
  readonly readable: boolean;
}

/** What hosts of the fleet hold and held, as the collector told and the agent remembers. It can only protect. */
export interface FleetDigests {
  /** When the collector last told, by the host's clock. */
  readonly at: Instant;
  /** How many digests it told of then. */
  readonly count: number;
  /** The most that it told of at a time in the last 30 days. */
  readonly mostCount: number;
  /** The last time that a host held it, by all that was ever told. */
  readonly usedAt: ReadonlyMap<string, Instant>;
}
