import { runProgram } from "../run-program.ts";
import type { FleetState, HostState } from "./fleet-state.ts";

/** A bridge in the root namespace, and a cable from it to every host's own network namespace. */
export async function buildNetwork({ bridge, gateway, hosts }: FleetState): Promise<void> {
  await ipBatch([
    `link add ${bridge} type bridge`,
    `addr add ${gateway}/24 dev ${bridge}`,
    `link set ${bridge} up`,
    ...hosts.flatMap(({ netns, link }) => [
      `netns add ${netns}`,
      `link add ${link} type veth peer name eth0 netns ${netns}`,
      `link set ${link} master ${bridge} up`,
    ]),
  ]);
  await Promise.all(hosts.map((host) => configureInside(host, gateway)));
  // An engine in the root namespace sets the policy of FORWARD to DROP, and bridged packets pass there, too.
  await runProgram("iptables", ["-w", "-I", ...forwardRule(bridge)]);
}

/** Removes what {@link buildNetwork} made, as far as it is there. */
export async function removeNetwork({ bridge, hosts }: FleetState): Promise<void> {
  await runProgram("iptables", ["-w", "-D", ...forwardRule(bridge)], { accept: [1] }); // 1: no such rule
  await ipBatch(
    [...hosts.flatMap(({ netns, link }) => [`link del ${link}`, `netns del ${netns}`]), `link del ${bridge}`],
    { force: true },
  );
}

/** Pulls the host's cable, or plugs it in again. */
export async function setCable(host: HostState, position: "up" | "down"): Promise<void> {
  await runProgram("ip", ["link", "set", host.link, position]);
}

async function configureInside({ netns, address }: HostState, gateway: string): Promise<void> {
  await ipBatch(
    [
      "link set lo up",
      "link set eth0 up",
      `addr add ${address}/24 dev eth0`,
      `route add default via ${gateway}`,
    ],
    { netns },
  );
}

function forwardRule(bridge: string): string[] {
  return ["FORWARD", "-i", bridge, "-o", bridge, "-j", "ACCEPT"];
}

/** Many commands in one process: ten hosts are ready in a tenth of a second. */
async function ipBatch(
  commands: readonly string[],
  { netns, force = false }: { netns?: string; force?: boolean } = {},
): Promise<void> {
  const inside = netns === undefined ? [] : ["-netns", netns];
  await runProgram("ip", [...inside, ...(force ? ["-force"] : []), "-batch", "-"], {
    input: `${commands.join("\n")}\n`,
    accept: force ? [1, 2] : [], // forced: some of it was not there
  });
}
