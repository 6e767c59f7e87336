import type { Instant } from "@shipkeeper/kit";
import { Option, type Command } from "commander";
import { connectApi } from "../api.ts";
import { printJson } from "../list-command.ts";
import { atOption, hostIdOf, makeOrder, orderOptions, placeOrder, type OrderFlags } from "../ordering.ts";
import type { Surroundings } from "../surroundings.ts";

interface RestoreFlags extends OrderFlags {
  readonly dataset?: string;
  readonly at?: Instant;
  readonly host: string;
  readonly onto?: string;
  readonly repository?: string;
  readonly into?: string;
  readonly inPlace?: true;
  readonly files?: string[];
  readonly dryRun?: boolean;
}

export function addRestoreCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command("restore")
    .description("order a host to restore: signed here, so that no collector can order it by itself")
    .argument("[restore-point]", "its id or the beginning of it; or --dataset")
    .option("--dataset <id>", "the newest restore point of this dataset, such as volume:shop-data")
    .addOption(atOption("the newest that is not after this time"))
    .requiredOption("--host <name>", "whose data it is, and which host restores")
    .option("--onto <name>", "another host that restores it")
    .option("--repository <name>", "from this repository only, as the restoring host names it")
    .addOption(new Option("--into <volume>", "a new volume").conflicts("inPlace"))
    .option("--in-place", "over what is there; the host's guardrails must allow it")
    .addOption(new Option("--files <paths...>", "with --into: only these files").conflicts("inPlace"))
    .option("--dry-run", "print the order, and neither sign nor post it");
  orderOptions(command).action((restorePoint: string | undefined, flags: RestoreFlags) =>
    orderRestore(restorePoint, flags, surroundings),
  );
}

async function orderRestore(
  restorePoint: string | undefined,
  flags: RestoreFlags,
  surroundings: Surroundings,
): Promise<void> {
  const { dataset, at, repository, into, inPlace, files, expires, host, onto } = flags;
  const api = connectApi(surroundings);
  const source = await hostIdOf(api, host);
  const order = makeOrder({
    hostId: onto === undefined ? source : await hostIdOf(api, onto),
    issuedAt: surroundings.now(),
    expires,
    what: {
      kind: "restore",
      restorePoint,
      dataset,
      at,
      repository,
      into,
      inPlace,
      files,
      ...(dataset !== undefined && { sourceHostId: source }),
    },
  });
  if (flags.dryRun === true) return printJson(surroundings, order);
  await placeOrder(api, order, flags, surroundings);
}
