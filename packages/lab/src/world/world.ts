import type { FileEntry } from "../forge/file-entry.ts";
import type { ForgedImage } from "../forge/forge-image.ts";
import type { ContainerSpec } from "../forge/run-container.ts";

/** What a fleet shall hold, as plain values: the same seed describes the same world. `furnish` makes it real. */
export interface World {
  readonly hosts: readonly WorldHost[];
}

export interface WorldHost {
  readonly name: string;
  /** What the host's agent is enrolled with: environment, site, ring. */
  readonly labels: Readonly<Record<string, string>>;
  readonly images: readonly ForgedImage[];
  /** Builds that lost their tag to one of `images`: dangling. */
  readonly supersededImages: readonly ForgedImage[];
  readonly volumes: readonly WorldVolume[];
  /** What should be running. */
  readonly containers: readonly ContainerSpec[];
  readonly staleContainers: readonly StaleContainer[];
}

export interface WorldVolume {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly files: readonly FileEntry[];
}

export interface StaleContainer {
  /** Behaves exited. */
  readonly spec: ContainerSpec;
  readonly createdAt: Date;
  readonly finishedAt: Date;
}
