export { handClock, type HandClock } from "./clock.ts";
export { flakyLink, type Endpoint, type FlakyLink } from "./faults/flaky-link.ts";
export { smallDisk, type SmallDisk } from "./faults/small-disk.ts";
export { startFleet, type Fleet, type FleetOptions } from "./fleet/start-fleet.ts";
export type { LabHost } from "./fleet/lab-host.ts";
export { backdateContainers, type PastLife } from "./forge/backdate-containers.ts";
export type { Behaviour } from "./forge/behaviour.ts";
export { busyboxLayer } from "./forge/busybox.ts";
export type { FileEntry } from "./forge/file-entry.ts";
export { tarArchive } from "./forge/tar.ts";
export { createVolume, fillVolume } from "./forge/fill-volume.ts";
export {
  forgeImage,
  imageArchive,
  type ForgedImage,
  type Healthcheck,
  type HistoryEntry,
  type ImageSpec,
  type LayerSpec,
} from "./forge/forge-image.ts";
export { POSTGRES_DATA, postgresImage } from "./forge/postgres.ts";
export { loadImages } from "./forge/load-images.ts";
export {
  runContainer,
  type ContainerSpec,
  type LabContainer,
  type Limits,
  type Mount,
} from "./forge/run-container.ts";
export { seededRandom, type Random } from "./random.ts";
export { REGISTRY_USER, startRegistry, type Registry, type RegistryOptions } from "./registry.ts";
export { startRestServer, type RestServer, type RestServerOptions } from "./rest-server.ts";
export { startSftpServer, type SftpServer } from "./sftp-server.ts";
export { sweepAbandoned } from "./sweep-abandoned.ts";
export { demoWorld, type DemoOptions } from "./world/demo-world.ts";
export { furnish, type FurnishProgress } from "./world/furnish.ts";
export type { StaleContainer, World, WorldHost, WorldVolume } from "./world/world.ts";
export { waitUntil, type WaitOptions } from "./wait-until.ts";
export {
  PROGRAMS,
  runToEnd,
  startProgram,
  type CommandResult,
  type RunningProgram,
} from "./product/programs.ts";
export { startSpine, type AgentOnHost, type Spine, type SpineOptions } from "./product/spine.ts";
