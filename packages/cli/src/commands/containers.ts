import type { HealthStatus } from "@shipkeeper/model";
import { apiContainerSchema, containersQuerySchema, type ApiContainer } from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter, searchFilter, unownedFilter } from "../list-command.ts";
import type { Column, Tone } from "../output/table.ts";
import { ago, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

const { sort, state, health } = containersQuerySchema.shape;

export function addContainersCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, {
    name: "containers",
    description: "every container, its health and its owner",
    item: apiContainerSchema,
    columns: columns(surroundings),
    filters: [
      hostFilter(),
      ownerFilter(),
      unownedFilter(),
      new Option("--state <state>", "only in this state").choices(state.unwrap().options),
      new Option("--health <status>", "only of this health").choices(health.unwrap().options),
      searchFilter(),
    ],
    sorts: sort.unwrap().options,
  });
}

const HEALTH_TONES: Record<HealthStatus, Tone> = {
  healthy: "good",
  starting: "warning",
  unhealthy: "bad",
  none: "quiet",
};

const columns = ({ now }: Surroundings): Column<ApiContainer>[] => [
  { head: "host", cell: (container) => container.host },
  { head: "container", cell: (container) => container.name },
  { head: "image", cell: (container) => container.image },
  { head: "state", cell: (container) => container.state },
  {
    head: "health",
    cell: ({ health }) => health.status,
    tone: ({ health }) => HEALTH_TONES[health.status],
  },
  { head: "owner", cell: (container) => orDash(container.owner) },
  { head: "restarts", align: "right", cell: (container) => String(container.restartCount) },
  { head: "created", cell: (container) => ago(container.createdAt, now()) },
];
