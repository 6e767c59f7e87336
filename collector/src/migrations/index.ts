import type { Migration } from "@shipkeeper/runtime";
import { first } from "./0001-first.ts";
import { mailQueue } from "./0002-mail-queue.ts";
import { compliance } from "./0003-compliance.ts";
import { rollout } from "./0004-rollout.ts";
import { standing } from "./0005-standing.ts";
import { heldDigests } from "./0006-held-digests.ts";
import { incidents } from "./0007-incidents.ts";
import { postMortem } from "./0008-post-mortem.ts";
import { figures } from "./0009-figures.ts";
import { logs } from "./0010-logs.ts";
import { datasets } from "./0011-datasets.ts";
import { drills } from "./0013-drills.ts";
import { repositories } from "./0014-repositories.ts";
import { orders } from "./0015-orders.ts";
import { verifications } from "./0012-verifications.ts";
import { objectives } from "./0016-objectives.ts";
import { coverage } from "./0017-coverage.ts";

/** In the order in which they are applied. Imported, not found by a scan of the folder: a bundle has no folder. */
export const migrations: readonly Migration[] = [
  first,
  mailQueue,
  compliance,
  rollout,
  standing,
  heldDigests,
  incidents,
  postMortem,
  figures,
  logs,
  datasets,
  drills,
  verifications,
  repositories,
  objectives,
  coverage,
  orders,
];
