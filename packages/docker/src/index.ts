export { STOP_GRACE_MS } from "./container-actor.ts";
export { connectEngine, openEngine } from "./dockerode-engine.ts";
export {
  DEFAULT_SOCKET,
  type EngineAddress,
  engineAddressFrom,
  formatEngineAddress,
  parseEngineAddress,
} from "./engine-address.ts";
export { DockerUnavailable, EngineAnswerInvalid, EngineRefused, EngineUnsupported } from "./engine-errors.ts";
export type * from "./engine.ts";
export type * from "./engine-rebuild.ts";
export { type Changes, changesOf } from "./inventory/changes.ts";
export {
  createInventoryReader,
  type InventoryReader,
  type InventoryReaderOptions,
} from "./inventory/inventory-reader.ts";
export { readDisk } from "./inventory/read-disk.ts";
export { mergeSizes, type SizesReading } from "./inventory/merge-sizes.ts";
export type { Fault, FakeCall } from "./fake/faults.ts";
export { fakeContainerId, fakeImageId, fakeNetwork, fakeVolume } from "./fake/fake-things.ts";
export type { FakeEngineOptions } from "./fake/fake-reader.ts";
export { FakeEngine, type FakeProgram } from "./fake-engine.ts";
export type { Mutation } from "./fake/fake-rebuild.ts";
export {
  type ApiAttachment,
  type ApiSampler,
  createApiSampler,
  LEAST_API_INTERVAL_MS,
} from "./stats/api-sampler.ts";
export {
  type Attachment,
  type ContainerReading,
  type ContainerSampler,
  type ContainerSamplerOptions,
  createContainerSampler,
  type Rung,
  type Sweep,
} from "./stats/container-sampler.ts";
export { createHostSampler, type HostRow, type HostSamplerOptions } from "./stats/host-sampler.ts";
export { readLoad, type HostLoad, type ReadLoadOptions } from "./stats/read-load.ts";
export { createSampleCollector, type SampleCollector } from "./stats/sample-collector.ts";
export { followLog, type FollowOptions, type LogFollower, type LogLook } from "./logs/follow-log.ts";
export { type LogCapacity, logCapacityOf, type LogFile, logFileOf } from "./logs/log-file.ts";
