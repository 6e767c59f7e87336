import { formatDuration, formatShare } from "@shipkeeper/kit";
import {
  apiAvailabilitySchema,
  availabilityOfSchema,
  availabilityQuerySchema,
  availabilityWindowSchema,
  type ApiAvailability,
} from "@shipkeeper/protocol";
import { Option, type Command } from "commander";
import { addListCommand, hostFilter, ownerFilter, type ListCommand } from "../list-command.ts";
import type { Tone } from "../output/table.ts";
import { MISSING, orDash } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

export function addAvailabilityCommand(program: Command, surroundings: Surroundings): void {
  addListCommand(program, surroundings, AVAILABILITY);
}

const AVAILABILITY: ListCommand<typeof apiAvailabilitySchema> = {
  name: "availability",
  description: "how much of the time containers, services or hosts were up, the worst first",
  item: apiAvailabilitySchema,
  columns: [
    { head: "name", cell: (row) => row.name },
    { head: "host", cell: (row) => orDash(row.host) },
    { head: "owner", cell: (row) => orDash(row.owner) },
    { head: "up", align: "right", cell: (row) => shareInWords(row.share), tone: toneOf },
    { head: "down for", align: "right", cell: (row) => durationInWords(row.downMs) },
    { head: "outages", align: "right", cell: (row) => String(row.outages) },
    { head: "longest", align: "right", cell: (row) => durationInWords(row.longestOutageMs) },
    { head: "target", cell: targetInWords, tone: toneOf },
    {
      head: "now",
      cell: (row) => orDash(row.state),
      tone: (row) => (row.state === "down" ? "bad" : undefined),
    },
  ],
  filters: [
    new Option("--of <what>", "of what").choices(availabilityOfSchema.options),
    new Option("--window <time>", "how far back").choices(availabilityWindowSchema.options),
    hostFilter(),
    ownerFilter(),
    new Option("--target <percent>", "what should be reached; 99.9 unless said otherwise"),
  ],
  sorts: availabilityQuerySchema.shape.sort.unwrap().options,
};

function toneOf({ met }: ApiAvailability): Tone {
  return met === undefined ? "quiet" : met ? "good" : "bad";
}

const shareInWords = (share: number | undefined): string =>
  share === undefined ? MISSING : formatShare(share);
const durationInWords = (ms: number): string => (ms === 0 ? MISSING : formatDuration(ms));

/** `met, 12 minutes left` */
function targetInWords({ met, budgetLeftMs = 0 }: ApiAvailability): string {
  if (met === undefined) return "not watched";
  return met ? `met, ${formatDuration(budgetLeftMs)} left` : `missed by ${formatDuration(-budgetLeftMs)}`;
}
