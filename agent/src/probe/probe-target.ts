/** Where a container is reached from its host. Pure. */
import type { Container } from "@shipkeeper/model";

export interface ProbeTarget {
  readonly host: string;
  readonly port: number;
}

/** Before the id of the container whose network is used. */
const OTHERS = "container:";
const LOOPBACK = "127.0.0.1";
/** A container may use another's network, and that one a third's: no engine nests them deeper in practice. */
const MOST_HOPS = 5;

/**
 * Its own address, else the address of the container whose network it uses, else a port that is published on this host.
 * Undefined where it cannot be reached.
 */
export function probeTarget(
  container: Container,
  port: number,
  containers: readonly Container[],
): ProbeTarget | undefined {
  const owner = networkOwner(container, containers);
  if (owner === undefined) return undefined;
  if (owner.privileges.networkMode === "host") return { host: LOOPBACK, port };
  const address = owner.networks.find((network) => network.address !== "")?.address;
  if (address !== undefined) return { host: address, port };
  const published = owner.ports.find(
    (one) => one.container === port && one.protocol === "tcp" && one.host !== undefined,
  );
  if (published?.host === undefined) return undefined;
  return { host: onThisHost(published.hostAddress), port: published.host };
}

function networkOwner(container: Container, containers: readonly Container[]): Container | undefined {
  let owner: Container | undefined = container;
  for (let hops = 0; hops < MOST_HOPS; hops += 1) {
    const mode: string = owner.privileges.networkMode;
    const reference = mode.startsWith(OTHERS) ? mode.slice(OTHERS.length) : undefined;
    if (reference === undefined) return owner;
    owner = containers.find(({ id, name }) => id === reference || name === reference);
    if (owner === undefined) return undefined;
  }
  return undefined;
}

/** All addresses of a host lead to its own. */
function onThisHost(address: string | undefined): string {
  return address === undefined || address === "0.0.0.0" || address === "::" ? LOOPBACK : address;
}
