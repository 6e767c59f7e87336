/**
 * The agent's lasting memory, one SQLite file: images, sick containers, tries to mend, incidents, what was told of its end,
 * restore points and what proves them, when rules ran, and the journal of runs. It remembers what it is told; it never looks at the engine and decides nothing.
 */
import { DAY_MS, type Clock, type Instant } from "@shipkeeper/kit";
import {
  NO_OWNER_RULES,
  resolveOwners,
  type Container,
  type Image,
  type Inventory,
  type OwnerRules,
} from "@shipkeeper/model";
import type { Ledger } from "@shipkeeper/policy";
import { openDatabase, type OpenOptions } from "@shipkeeper/runtime";
import { documents, type Documents } from "./documents.ts";
import { expiries, type Expiries } from "./expiries.ts";
import { fileSamples, type FileSamples } from "./file-samples.ts";
import { fleetMemory, type FleetMemory } from "./fleet-memory.ts";
import { imageMemories } from "./image-memories.ts";
import { incidents, type Incidents } from "./incidents.ts";
import { journal, type Journal } from "./journal.ts";
import { MIGRATIONS } from "./migrations.ts";
import { orphans } from "./orphans.ts";
import { takenOrders, type TakenOrders } from "./taken-orders.ts";
import { pastImages } from "./past-images.ts";
import { proofs, type Proofs } from "./proofs.ts";
import { quiesced, type QuiesceJournal } from "./quiesced.ts";
import { registryMemory, type RegistryMemory } from "./registry-memory.ts";
import { restartAttempts, type RestartAttempts } from "./restart-attempts.ts";
import { restorePoints, type RestorePoints } from "./restore-points.ts";
import { ruleRuns, type RuleRuns } from "./rule-runs.ts";
import { sickContainers } from "./sick-containers.ts";

export interface AgentLedger {
  readonly bornAt: Instant;
  readonly journal: Journal;
  /** What stands still by the agent's order. */
  readonly quiesced: QuiesceJournal;
  readonly restarts: RestartAttempts;
  readonly restorePoints: RestorePoints;
  readonly proofs: Proofs;
  readonly fileSamples: FileSamples;
  readonly expiries: Expiries;
  readonly ruleRuns: RuleRuns;
  readonly takenOrders: TakenOrders;
  readonly incidents: Incidents;
  readonly registries: RegistryMemory;
  readonly fleet: FleetMemory;
  /** By container id: how it lived lately. */
  readonly lives: Documents;
  readonly toldPauses: Documents;
  readonly toldAvailability: Documents;
  readonly lastWatch: Documents;
  /** By name: how each backup repository is. */
  readonly repositories: Documents;
  /** Takes in what a fresh look showed: images first seen, used and tagged, containers sick since. */
  remember(inventory: Inventory): void;
  /** A container was made from an image or ran: it is in use then, even where the next look comes too late to see it. */
  rememberUse(image: Pick<Image, "id">, at: Instant): void;
  /** An image was pulled or given a name, which may show in no list: it had that name before, or another look saw it. */
  rememberTag(image: Pick<Image, "id">, at: Instant): void;
  /** A container was given a volume, or joined a network. */
  rememberNeed(kind: "volumes" | "networks", id: string, at: Instant): void;
  /** The inventory with what only this memory knows: image ages, since when a container is sick, who owns what. */
  annotate(inventory: Inventory, owners?: OwnerRules): Inventory;
  /** The part that planners may see. */
  asLedger(): Ledger;
  close(): void;
}

/** How long settled entries are kept: longer than any limit counts back. */
const KEEP_MS = 8 * DAY_MS;
/** A container that was given up on stays so while it is sick: its tries are its only memory of that. */
const KEEP_TRIES_MS = 60 * DAY_MS;

/** Opens the memory, or begins one. Throws `DatabaseNotUsable`. */
export function openLedger(file: string, clock: Clock, options: OpenOptions = {}): AgentLedger {
  const db = openDatabase(file, MIGRATIONS, options);
  db.prepare(/*sql*/ `INSERT INTO birth (one, at) VALUES (1, ?) ON CONFLICT DO NOTHING`).run(clock());
  const { at: bornAt } = db.prepare(/*sql*/ `SELECT at FROM birth`).get() as { at: Instant };

  const images = imageMemories(db);
  const past = pastImages(db);
  const idle = orphans(db);
  const sick = sickContainers(db);
  const restarts = restartAttempts(db);
  const points = restorePoints(db);
  const proven = proofs(db);
  const ends = expiries(db);
  const runs = journal(db);
  const still = quiesced(db);

  const remember = db.transaction((inventory: Inventory) => {
    images.remember(inventory);
    past.remember(inventory);
    idle.remember(inventory);
    sick.remember(inventory);
    ends.remember(inventory);
    restarts.forgetBefore(inventory.takenAt - KEEP_TRIES_MS);
    runs.forgetBefore(inventory.takenAt - KEEP_MS);
    still.forgetBefore(inventory.takenAt - KEEP_MS);
  });

  return {
    bornAt,
    journal: runs,
    quiesced: still,
    restarts,
    restorePoints: points,
    proofs: proven,
    fileSamples: fileSamples(db),
    expiries: ends,
    ruleRuns: ruleRuns(db),
    takenOrders: takenOrders(db),
    incidents: incidents(db),
    registries: registryMemory(db),
    fleet: fleetMemory(db),
    lives: documents(db, { table: "container_life", column: "life", key: "id" }),
    toldPauses: documents(db, { table: "told_pause", column: "pause", key: "key" }),
    toldAvailability: documents(db, { table: "told_availability", column: "change", key: "identity" }),
    lastWatch: documents(db, { table: "last_watch", column: "span", key: "key" }),
    repositories: documents(db, { table: "repository_health", column: "health", key: "name" }),
    remember,
    rememberUse: ({ id }, at) => images.rememberUse(id, at),
    rememberTag: ({ id }, at) => images.rememberTag(id, at),
    rememberNeed: (kind, id, at) => idle.rememberUse(kind, id, at),

    annotate(inventory, owners = NO_OWNER_RULES) {
      const memoryOf = images.all();
      const sickSince = sick.all();
      const owned = resolveOwners(inventory, owners);
      return {
        ...owned,
        images: owned.images.map((image) => withMemory(image, memoryOf)),
        containers: owned.containers.map((container) => withSickness(container, sickSince)),
      };
    },

    asLedger: () => ({
      bornAt,
      restarts: restarts.all(),
      lastDay: runs.countSince(clock() - DAY_MS),
      ruleDays: runs.ruleDaysSince(clock() - DAY_MS),
      pastImages: past.all(),
      orphans: idle.all(),
      restorePoints: points.all(),
      proofs: proven.all(),
      expiries: ends.all(),
    }),

    close: () => db.close(),
  };
}

function withMemory(image: Image, memoryOf: ReturnType<ReturnType<typeof imageMemories>["all"]>): Image {
  const memory = memoryOf.get(image.id);
  return memory === undefined ? image : { ...image, memory };
}

function withSickness(container: Container, sickSince: ReadonlyMap<string, Instant>): Container {
  const unhealthySince = sickSince.get(container.id);
  return unhealthySince === undefined
    ? container
    : { ...container, health: { ...container.health, unhealthySince } };
}
