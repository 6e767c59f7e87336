import { existsSync } from "node:fs";
import { runProgram } from "../run-program.ts";
import { type FleetState, stateFile } from "./fleet-state.ts";
import { containerCgroups, processesOf, processStartTicks } from "./processes.ts";
import { mountsBelow, shimSockets } from "./tear-down.ts";

/** What one fleet has on the machine, process by process: taken while it is up, to be searched for when it is down. */
export interface Belongings {
  state: FleetState;
  processes: { pid: number; startTicks: number | undefined }[];
  cgroups: string[];
  shimSockets: string[];
}

export function takeBelongings(state: FleetState): Belongings {
  return {
    state,
    processes: processesOf(state.hosts).map((pid) => ({ pid, startTicks: processStartTicks(pid) })),
    cgroups: state.hosts.flatMap(containerCgroups),
    shimSockets: state.hosts.flatMap(shimSockets).filter(existsSync),
  };
}

/** Everything of the fleet that is still there, in words; empty when it is gone without a trace. */
export async function findLeftovers({ state, ...were }: Belongings): Promise<string[]> {
  const links = await runProgram("ip", ["-brief", "link"]);
  const rules = await runProgram("iptables", ["-w", "-S", "FORWARD"]);
  const names = [state.bridge, ...state.hosts.map((host) => host.link)];

  return [
    ...were.processes
      .filter(({ pid, startTicks }) => processStartTicks(pid) === startTicks)
      .map(({ pid }) => `process ${pid}`),
    ...(await mountsBelow(state.folder)).map((point) => `mount ${point}`),
    ...[state.folder, stateFile(state.subnet), ...were.cgroups, ...were.shimSockets].filter(existsSync),
    ...state.hosts.map((host) => `/run/netns/${host.netns}`).filter(existsSync),
    ...names.filter((name) => new RegExp(`^${name}[@ ]`, "m").test(links)).map((name) => `link ${name}`),
    ...rules.split("\n").filter((rule) => rule.includes(` ${state.bridge} `)),
  ];
}
