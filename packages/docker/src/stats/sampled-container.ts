/** The open files of one container, and the last row that was read from them. */
import { join } from "node:path";
import { CONTAINER_METRICS, type ContainerId, NOT_READ } from "@shipkeeper/model";
import { type ContainerRow, layoutOf, METRIC_AT, type SampledFile } from "./cgroup-layout.ts";
import type { CgroupPaths } from "./cgroup-paths.ts";
import { type KernelFile, keptFile, reopenedFile } from "./kernel-file.ts";
import { type NetworkTotals, sumInterfaces } from "./net-dev.ts";

export interface SampledContainer {
  readonly id: ContainerId;
  readonly name: string;
  readonly row: ContainerRow;
  /** Its network namespace, such as `net:[4026532254]`; undefined where it cannot be told. */
  readonly namespace: string | undefined;
  readonly isKeptOpen: boolean;
  /** Reads what may have moved. Throws what the kernel answers where the container has ended. */
  read(how: { everything: boolean }): void;
  /** From now on the network is read, too. Throws where the container has ended. */
  countNetwork(): void;
  close(): void;
}

export interface ContainerFiles {
  readonly id: ContainerId;
  readonly name: string;
  readonly cgroup: CgroupPaths;
  readonly netDevPath: string;
  readonly namespace: string | undefined;
  readonly keepOpen: boolean;
}

/** Six of its cgroup, and the network. */
export const MOST_DESCRIPTORS = 7;

type OpenFile = Pick<SampledFile, "parse"> & { readonly file: KernelFile };

/** Throws where the file that tells whether anything ran cannot be read; others that are missing stay `NOT_READ`. */
export function openContainer({
  id,
  name,
  cgroup,
  netDevPath,
  namespace,
  keepOpen,
}: ContainerFiles): SampledContainer {
  const open = keepOpen ? keptFile : reopenedFile;
  const row: ContainerRow = new Float64Array(CONTAINER_METRICS.length).fill(NOT_READ);
  const totals: NetworkTotals = { receivedBytes: 0, sentBytes: 0 };
  const files = layoutOf(cgroup).flatMap((sampled) => openAndRead(sampled, cgroup, open, row));
  const [gate, ...others] = files;
  if (gate === undefined || row[METRIC_AT.cpuUsageUs] === NOT_READ) {
    for (const { file } of files) file.close();
    throw new Error(`the processor time of container ${id} cannot be read`);
  }
  let network: KernelFile | undefined;

  function readNetwork(file: KernelFile): void {
    sumInterfaces(file.read(), totals);
    row[METRIC_AT.networkReceivedBytes] = totals.receivedBytes;
    row[METRIC_AT.networkSentBytes] = totals.sentBytes;
  }

  return {
    id,
    name,
    row,
    namespace,
    isKeptOpen: keepOpen,

    read({ everything }) {
      const before = row[METRIC_AT.cpuUsageUs];
      gate.parse(gate.file.read(), row);
      if (!everything && row[METRIC_AT.cpuUsageUs] === before) return;
      for (const { file, parse } of others) parse(file.read(), row);
      if (network !== undefined) readNetwork(network);
    },

    countNetwork() {
      network = open(netDevPath);
      readNetwork(network);
    },

    close() {
      for (const { file } of files) file.close();
      network?.close();
    },
  };
}

/** Nothing where the kernel has no such file: a controller that is switched off, or an older kernel. */
function openAndRead(
  { controller, name, parse }: SampledFile,
  cgroup: CgroupPaths,
  open: (path: string) => KernelFile,
  row: ContainerRow,
): OpenFile[] {
  const folder = cgroup.folder(controller);
  if (folder === undefined) return [];
  let file: KernelFile | undefined;
  try {
    file = open(join(folder, name));
    parse(file.read(), row);
    return [{ file, parse }];
  } catch {
    file?.close();
    return [];
  }
}
