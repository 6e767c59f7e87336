import { apiHostSchema, hostsQuerySchema, type ApiHost } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, ownerFilter, searchFilter } from "../list-command.ts";
import type { Column, Tone } from "../output/table.ts";
import { ago, bytes, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

const { sort, state } = hostsQuerySchema.shape;

export function addHostsCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "hosts",
    description: "the hosts of the fleet, and when each was last heard of",
    item: apiHostSchema,
    columns: columns(surroundings),
    filters: [
      new Option("--state <state>", "only in this state").choices(state.unwrap().options),
      new Option("--label <key=value>", "only with this label"),
      ownerFilter(),
      searchFilter(),
    ],
    sorts: sort.unwrap().options,
  });
}

const TONES: Record<ApiHost["state"], Tone> = {
  online: "good",
  silent: "bad",
  new: "quiet",
  revoked: "quiet",
};

const columns = ({ now }: Surroundings): Column<ApiHost>[] => [
  { head: "host", cell: (host) => host.hostname },
  { head: "state", cell: (host) => host.state, tone: (host) => TONES[host.state] },
  { head: "last seen", cell: (host) => ago(host.lastSeenAt, now()) },
  { head: "running", align: "right", cell: ({ containers: c }) => `${c.running}/${c.total}` },
  {
    head: "unhealthy",
    align: "right",
    cell: ({ containers }) => String(containers.unhealthy),
    tone: ({ containers }) => (containers.unhealthy > 0 ? "bad" : "quiet"),
  },
  { head: "images", align: "right", cell: ({ images }) => String(images.total) },
  { head: "cache", align: "right", cell: ({ images }) => bytes(images.bytes) },
  { head: "disk free", align: "right", cell: ({ disk }) => bytes(disk?.freeBytes) },
  { head: "policy", align: "right", cell: (host) => `r${host.policyRevision}` },
  { head: "engine", cell: (host) => orDash(host.engineVersion), tone: () => "quiet" },
  { head: "agent", cell: (host) => orDash(host.agentVersion), tone: () => "quiet" },
];
