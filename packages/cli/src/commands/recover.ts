import { formatInstant, type Instant } from "@shipkeeper/kit";
import { HOST_DATASET } from "@shipkeeper/policy";
import { apiRepositorySchema, apiRestorePointSchema } from "@shipkeeper/protocol";
import type { Command } from "commander";
import { connectApi, type Api } from "../api.ts";
import { WrongUsage } from "../exit-codes.ts";
import { atOption, hostIdOf, makeOrder, orderOptions, placeOrder, type OrderFlags } from "../ordering.ts";
import type { Surroundings } from "../surroundings.ts";

interface RecoverFlags extends OrderFlags {
  readonly onto: string;
  readonly from?: string;
  readonly at?: Instant;
  readonly dryRun?: true;
}

export function addRecoverCommand(program: Command, surroundings: Surroundings): void {
  const command = program
    .command("recover")
    .description(
      "order a host to rebuild a lost one: signed here, so that no collector can order it by itself",
    )
    .argument("<host>", "the lost host, by its name or id")
    .requiredOption("--onto <name>", "the host that rebuilds it; names that both have are refused there")
    .option(
      "--from <repository>",
      "as the rebuilding host names it (default: the first off-site one that holds the lost host's configuration)",
    )
    .addOption(atOption("as it was then (default: as it was last)"))
    .option("--dry-run", "the host only says what it would do");
  orderOptions(command).action((host: string, flags: RecoverFlags) =>
    orderRecovery(host, flags, surroundings),
  );
}

async function orderRecovery(host: string, flags: RecoverFlags, surroundings: Surroundings): Promise<void> {
  const { onto, from, at, dryRun, expires, json } = flags;
  const api = connectApi(surroundings);
  const sourceHostId = await hostIdOf(api, host);
  const hostId = await hostIdOf(api, onto);
  const found = from === undefined ? await offsiteRepository(api, host, sourceHostId, at) : undefined;
  if (found !== undefined && json !== true) {
    const { name, keptAt } = found;
    surroundings.out.write(
      `from repository ${name}: off-site, and holds the configuration of ${host} of ${formatInstant(keptAt)}\n`,
    );
  }
  const what = { kind: "recover", sourceHostId, repository: from ?? found?.name, at, dryRun };
  const order = makeOrder({ hostId, issuedAt: surroundings.now(), expires, what });
  await placeOrder(api, order, flags, surroundings);
}

/** The first by name, by the collector's word. Throws `WrongUsage` that names those which are not off-site. */
async function offsiteRepository(api: Api, name: string, hostId: string, at: Instant = Infinity) {
  const query = { host: hostId, dataset: HOST_DATASET, sort: "-at" };
  const points = await api.list("restore-points", apiRestorePointSchema, query);
  const kept = points.filter((point) => point.at <= at);
  const repositories = await api.list("repositories", apiRepositorySchema, { host: hostId, sort: "name" });
  for (const repository of repositories.filter(({ offsite }) => offsite)) {
    const newest = kept.find((point) => point.repository === repository.name);
    if (newest !== undefined) return { name: repository.name, keptAt: newest.at };
  }
  const others = [...new Set(kept.map(({ repository }) => repository))];
  const known = others.length === 0 ? "nor any other" : `but ${others.join(", ")} may`;
  throw new WrongUsage(
    `by the collector's word no off-site repository holds the configuration of ${name}, ${known}: name one with --from`,
  );
}
