/** How a pushed revision fares: its rings, what halted it, and the way to halt one. */
import { formatDuration, printable } from "@shipkeeper/kit";
import {
  apiPolicyDetailSchema,
  apiPolicyRevisionSchema,
  type ApiPolicyDetail,
  type RolloutState,
} from "@shipkeeper/protocol";
import type { Command } from "commander";
import { connectApi } from "../api.ts";
import { printJson } from "../list-command.ts";
import { printTable, type Tone } from "../output/table.ts";
import { time } from "../output/words.ts";
import { revisionOrNewest } from "../policy-revisions.ts";
import type { Surroundings } from "../surroundings.ts";
import { wholeNumber } from "../values.ts";

export function addRolloutCommands(policy: Command, surroundings: Surroundings): void {
  policy
    .command("status")
    .description("how far a revision has come: its rings, the hosts that go by it, what halted it")
    .argument("[revision]", "the newest one unless it is named", wholeNumber)
    .option("--json", "print JSON")
    .action(async (revision: number | undefined, { json }: { json?: boolean }) => {
      const api = connectApi(surroundings);
      const detail = await api.get(
        `policies/${await revisionOrNewest(api, revision)}`,
        apiPolicyDetailSchema,
      );
      if (json === true) printJson(surroundings, { revision: detail.revision, ...detail.rollout });
      else printStatus(surroundings, detail);
    });

  policy
    .command("halt")
    .description("no other host gets the revision, and those that have it only observe until a newer one")
    .argument("[revision]", "the newest one unless it is named", wholeNumber)
    .requiredOption("--reason <text>", "why, for whoever wonders")
    .action(async (revision: number | undefined, { reason }: { reason: string }) => {
      const api = connectApi(surroundings);
      const path = `policies/${await revisionOrNewest(api, revision)}/halt`;
      printStatus(surroundings, await api.post(path, { reason }, apiPolicyDetailSchema));
    });

  policy
    .command("history")
    .description("every revision: who pushed it and when, its policies, its hosts, its rollout")
    .option("--json", "print JSON")
    .action(async ({ json }: { json?: boolean }) => {
      const api = connectApi(surroundings);
      const revisions = await api.list("policies", apiPolicyRevisionSchema, { sort: "-revision" });
      if (json === true) return printJson(surroundings, revisions);
      return printTable(
        surroundings.out,
        [
          { head: "revision", align: "right", cell: ({ revision }) => String(revision) },
          { head: "pushed", cell: ({ pushedAt }) => time(pushedAt) },
          { head: "by", cell: ({ pushedBy }) => pushedBy },
          { head: "policies", cell: ({ policies }) => policies.join(" ") },
          { head: "hosts", align: "right", cell: ({ hosts }) => String(hosts) },
          {
            head: "rollout",
            cell: ({ rolloutState, current }) => (current ? `${rolloutState}, in force` : rolloutState),
            tone: ({ rolloutState }) => TONES[rolloutState],
          },
        ],
        revisions,
      );
    });
}

const TONES: Readonly<Record<RolloutState, Tone | undefined>> = {
  running: "warning",
  done: "good",
  superseded: "quiet",
  halted: "bad",
};

function printStatus(
  { out }: Surroundings,
  { revision, pushedAt, pushedBy, rollout }: ApiPolicyDetail,
): void {
  const { state, rings, waitsFor, halted } = rollout;
  out.write(`revision ${revision}, pushed ${time(pushedAt)} by ${printable(pushedBy)}: ${state}\n`);
  if (halted !== undefined) {
    const lines = halted.reasons.map((reason) => `  ${printable(reason)}\n`);
    out.write(`halted ${time(halted.at)} by ${printable(halted.by)}:\n${lines.join("")}`);
  }
  if (waitsFor !== undefined) out.write(`goes on when: ${printable(waitsFor)}\n`);
  out.write("\n");
  printTable(
    out,
    [
      { head: "ring", cell: ({ name }) => name },
      { head: "may have it", cell: ({ reached }) => (reached ? "yes" : "not yet") },
      { head: "hosts", align: "right", cell: ({ hosts }) => String(hosts) },
      { head: "in force", align: "right", cell: ({ inForce }) => String(inForce) },
      { head: "silent", align: "right", cell: ({ silent }) => String(silent) },
      { head: "bakes", cell: ({ bakeMs }) => (bakeMs === 0 ? "-" : formatDuration(bakeMs)) },
    ],
    rings,
  );
}
