/**
 * Looks at what lies beyond the host, when a due rule needs it. What could not be looked at says so, or is what was last
 * known with its age: whether that will do is for planners to judge.
 */
import { errorChain, MINUTE_MS, SECOND_MS, type Clock } from "@shipkeeper/kit";
import type { Need, Outside, RegistryListing, RestorePointListing } from "@shipkeeper/policy";
import { digestsInUseSchema } from "@shipkeeper/protocol";
import type { Logger, SignedClient } from "@shipkeeper/runtime";
import type { Repositories, Restic } from "@shipkeeper/restic";
import type { AgentLedger } from "../ledger/ledger.ts";
import { listRegistry } from "../registry/list-registry.ts";
import type { RegistryClient } from "../registry/registry-client.ts";
import { listRepository } from "../list-repository.ts";

export interface OutsideOptions {
  readonly registries: ReadonlyMap<string, RegistryClient>;
  readonly repositories: Repositories;
  /** Undefined where this host has no restic. */
  readonly restic: Pick<Restic, "snapshots"> | undefined;
  readonly ledger: Pick<AgentLedger, "registries" | "fleet" | "restorePoints">;
  /** Undefined while the host is not enrolled. */
  readonly client: () => Pick<SignedClient, "call"> | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Rejects only where the signal aborts. */
export type LookOutside = (needs: readonly Need[], signal: AbortSignal) => Promise<Outside>;

const TARGET = "/agent/v1/digests-in-use";

export function outsideLook(options: OutsideOptions): LookOutside {
  const { registries, repositories, restic, ledger, client, clock, log } = options;
  return async (needs, signal) => {
    const listings = new Map<string, RegistryListing>();
    for (const need of needs) {
      const registry = need.what === "registry" ? registries.get(need.name) : undefined;
      if (need.what !== "registry" || registry === undefined) continue;
      const request = { client: registry, memory: ledger.registries, at: clock(), signal };
      listings.set(need.name, await listRegistry(request));
    }
    const restorePoints = new Map<string, RestorePointListing>();
    for (const need of needs) {
      if (need.what !== "restore-points") continue;
      const { repository } = need;
      const known = ledger.restorePoints.of(repository);
      const sizes = new Map(known.map(({ id, bytes, files }) => [id, { bytes, files }]));
      const appendOnly = repositories[repository]?.appendOnly ?? false;
      const listing = await listRepository({ repository, appendOnly, restic, sizes, signal });
      restorePoints.set(repository, listing);
    }
    // After the registries, however long they took: the younger the list, the more it protects.
    if (!needs.some(({ what }) => what === "fleet-digests")) return { registries: listings, restorePoints };
    await askFleet(signal).catch((error: unknown) => {
      signal.throwIfAborted();
      log.warn({ error: errorChain(error) }, "cannot ask what the fleet holds");
    });
    return { registries: listings, fleetDigests: ledger.fleet.digests(), restorePoints };
  };

  async function askFleet(signal: AbortSignal): Promise<void> {
    const through = client();
    if (through === undefined) return;
    const held = ledger.fleet.etag();
    const { status, headers, body } = await through.call({
      method: "GET",
      target: TARGET,
      headers: held === undefined ? {} : { "if-none-match": held },
      deadlineMs: MINUTE_MS + SECOND_MS,
      signal,
    });
    if (status === 304) return ledger.fleet.confirm(clock());
    if (status !== 200) throw new Error(`the collector answered ${status}`);
    const told = digestsInUseSchema.parse(JSON.parse(body.toString("utf8")));
    ledger.fleet.take(told, { etag: headers.etag ?? "", at: clock() });
  }
}
