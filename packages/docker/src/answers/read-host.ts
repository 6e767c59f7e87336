import { parseInstant } from "@shipkeeper/kit";
import {
  type EngineFacts,
  type HostFacts,
  type Network,
  type Volume,
  volumeNameSchema,
} from "@shipkeeper/model";
import { defined } from "../defined.ts";
import type { InfoAnswer, NetworkListAnswer, VolumeAnswer } from "./host-answers.ts";

/** What the engine says of itself. */
export function readEngineFacts(info: InfoAnswer, apiVersion: string): EngineFacts {
  const driverStatus = new Map(info.DriverStatus.map(([key, value]) => [key, value]));
  // Docker 29 writes the snapshotter's name into `Driver`, so neither that nor the version tells the stores apart.
  const isContainerd = driverStatus.get("driver-type") === "io.containerd.snapshotter.v1";
  return {
    id: info.ID,
    version: info.ServerVersion,
    apiVersion,
    storageDriver: info.Driver,
    imageStore: isContainerd ? "containerd" : "graphdriver",
    cgroupVersion: info.CgroupVersion === "2" ? "2" : "1",
    cgroupDriver: info.CgroupDriver,
    rootDir: info.DockerRootDir,
    liveRestore: info.LiveRestoreEnabled,
    swarm: info.Swarm?.LocalNodeState || "inactive",
    defaultLogDriver: info.LoggingDriver,
    securityOptions: info.SecurityOptions,
  };
}

/** What the engine says of the machine that it runs on. */
export function readHostFacts(info: InfoAnswer): Omit<HostFacts, "disks"> {
  return {
    hostname: info.Name,
    kernel: info.KernelVersion,
    operatingSystem: info.OperatingSystem,
    architecture: info.Architecture,
    cpus: Math.max(0, info.NCPU),
    memoryBytes: Math.max(0, info.MemTotal),
  };
}

export function readVolume(answer: VolumeAnswer): Volume {
  // The label came with Docker 24; before it the only sign is a name that the engine drew itself.
  const anonymous =
    answer.Labels["com.docker.volume.anonymous"] !== undefined || /^[0-9a-f]{64}$/.test(answer.Name);
  return {
    name: volumeNameSchema.parse(answer.Name),
    driver: answer.Driver,
    mountpoint: answer.Mountpoint,
    labels: answer.Labels,
    anonymous,
    users: [],
    ...defined({ createdAt: parseInstant(answer.CreatedAt) }),
  };
}

export function readNetwork(network: NetworkListAnswer[number]): Network {
  return {
    id: network.Id,
    name: network.Name,
    driver: network.Driver,
    scope: network.Scope,
    internal: network.Internal,
    attachable: network.Attachable,
    ingress: network.Ingress,
    labels: network.Labels,
    ...defined({ createdAt: parseInstant(network.Created) }),
  };
}
