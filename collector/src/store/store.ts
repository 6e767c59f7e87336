/**
 * Everything the collector knows, on disk. One module per noun; what goes in and comes out are values of the domain.
 * It decides nothing: what an entry means is ingest's, who may ask is http's.
 */
import { alertFacts } from "./alert-facts.ts";
import { alerts } from "./alerts.ts";
import { apiTokens } from "./api-tokens.ts";
import { availability } from "./availability.ts";
import { backupTroubles } from "./backup-troubles.ts";
import { baseImages } from "./base-images.ts";
import { complianceFacts } from "./compliance-facts.ts";
import { coverage } from "./coverage.ts";
import { containers } from "./containers.ts";
import { openStoreDatabase } from "./database.ts";
import { drills } from "./drills.ts";
import { enrollmentTokens } from "./enrollment-tokens.ts";
import { epochs } from "./epochs.ts";
import { events } from "./events.ts";
import { heldDigests } from "./held-digests.ts";
import { findings } from "./findings.ts";
import { hosts } from "./hosts.ts";
import { images } from "./images.ts";
import { incidents } from "./incidents.ts";
import { judgements } from "./judgements.ts";
import { knownImages } from "./known-images.ts";
import { listings } from "./listings.ts";
import { logs } from "./logs.ts";
import { networks } from "./networks.ts";
import { objectives } from "./objectives.ts";
import { orders } from "./orders.ts";
import { owners } from "./owners.ts";
import { planningFacts } from "./planning-facts.ts";
import { policies } from "./policies.ts";
import { postMortems } from "./post-mortems.ts";
import { repositories } from "./repositories.ts";
import { restorePoints } from "./restore-points.ts";
import { rollouts } from "./rollouts.ts";
import { rounds } from "./rounds.ts";
import { runs } from "./runs.ts";
import { samples } from "./samples.ts";
import { unknownEntries } from "./unknown-entries.ts";
import { upkeep } from "./upkeep.ts";
import { verifications } from "./verifications.ts";
import { volumes } from "./volumes.ts";

/** `:memory:` for tests. Throws `DatabaseNotUsable`. */
export function openStore(file: string) {
  const database = openStoreDatabase(file);
  const { db } = database;
  const lists = listings(db);
  const bases = baseImages(db);
  const networksOfHosts = networks(database, lists);
  const watchedLogs = logs(database, lists);
  const policyRevisions = policies(database);

  const proven = verifications(database);

  return {
    hosts: hosts(database, networksOfHosts),
    containers: containers(database, lists),
    images: images(database, lists, bases),
    volumes: volumes(database, lists),
    networks: networksOfHosts,
    logs: watchedLogs,
    heldDigests: heldDigests(db),
    orders: orders(database),
    availability: availability(database),
    samples: samples(db),
    rounds: rounds(database),
    runs: runs(database),
    repositories: repositories(database, lists),
    coverage: coverage(database),
    objectives: objectives(database),
    backupTroubles: backupTroubles(db),
    restorePoints: restorePoints(database, lists),
    drills: drills(database),
    verifications: proven,
    incidents: incidents(database),
    alerts: alerts(database),
    alertFacts: alertFacts(db),
    events: events(database),
    postMortems: postMortems(database),
    complianceFacts: complianceFacts(db, { logs: watchedLogs, proven }),
    findings: findings(database),
    judgements: judgements(database),
    unknownEntries: unknownEntries(db),
    epochs: epochs(db),
    planningFacts: planningFacts(database),
    policies: policyRevisions,
    rollouts: rollouts(database),
    owners: owners(database, () => policyRevisions.inForce()?.bundle),
    baseImages: bases,
    knownImages: knownImages(db),
    apiTokens: apiTokens(db),
    enrollmentTokens: enrollmentTokens(db),
    upkeep: upkeep(db, bases),

    /** For what keeps its own tables in the same file: the queue of mails. */
    db,

    /** All of it is on disk when this returns, or nothing of it ever was. Nested, only the inner part is undone by a throw. */
    transaction: <T>(work: () => T): T =>
      db.inTransaction ? db.transaction(work)() : db.transaction(work).immediate(),
    isClosed: (): boolean => !db.open,
    close: (): void => void db.close(),
  };
}
export type Store = ReturnType<typeof openStore>;
