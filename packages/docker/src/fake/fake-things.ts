/** Whole containers, images and volumes from the few fields that a test is about. */
import { createHash } from "node:crypto";
import {
  type ContainerId,
  containerIdSchema,
  type EngineFacts,
  type HostFacts,
  type ImageId,
  imageIdSchema,
  type Mount,
  type Network,
  NOT_READ,
  type Volume,
} from "@shipkeeper/model";
import { plainVolume } from "@shipkeeper/model/testing";
import type { ContainerStats } from "../engine.ts";

export const FAKE_ENGINE_FACTS: EngineFacts = {
  id: "FAKE",
  version: "20.10.24",
  apiVersion: "1.41",
  storageDriver: "overlay2",
  imageStore: "graphdriver",
  cgroupVersion: "1",
  cgroupDriver: "cgroupfs",
  rootDir: "/",
  liveRestore: false,
  swarm: "inactive",
  defaultLogDriver: "json-file",
  securityOptions: ["name=seccomp,profile=default"],
};

export const FAKE_HOST_FACTS: Omit<HostFacts, "disks"> = {
  hostname: "fake-1",
  kernel: "6.1.0",
  operatingSystem: "Debian GNU/Linux 12 (bookworm)",
  architecture: "x86_64",
  cpus: 2,
  memoryBytes: 8_000_000_000,
};

/** A container that did a little, without limits and without a network of its own. */
export const FAKE_STATS: ContainerStats = {
  cpuUsageUs: 50_000,
  cpuThrottledUs: 0,
  cpuThrottledPeriods: 0,
  memoryUsageBytes: 2_000_000,
  memoryWorkingSetBytes: 1_500_000,
  memoryLimitBytes: FAKE_HOST_FACTS.memoryBytes,
  networkReceivedBytes: NOT_READ,
  networkSentBytes: NOT_READ,
  blockReadBytes: 0,
  blockWrittenBytes: 0,
  pids: 1,
};

/** 64 hex digits that the same seed always gives. */
export function fakeContainerId(seed: string): ContainerId {
  return containerIdSchema.parse(hexOf(seed));
}

export function fakeImageId(seed: string): ImageId {
  return imageIdSchema.parse(`sha256:${hexOf(seed)}`);
}

/** What is said of a volume; any text is its name. */
export type FakeVolumeFields = Partial<Omit<Volume, "name">> & { readonly name: string };

export function fakeVolume({ name, ...fields }: FakeVolumeFields): Volume {
  return plainVolume(name, { anonymous: /^[0-9a-f]{64}$/.test(name), ...fields });
}

export function fakeMount(volume: string, destination: string): Mount {
  const source = fakeVolume({ name: volume }).mountpoint;
  return { type: "volume", volume, source, destination, readOnly: false };
}

export function fakeNetwork(fields: Partial<Network> & Pick<Network, "name">): Network {
  return { id: hexOf(fields.name), driver: "bridge", scope: "local", internal: false, labels: {}, ...fields };
}

function hexOf(seed: string): string {
  return createHash("sha256").update(seed).digest("hex");
}
