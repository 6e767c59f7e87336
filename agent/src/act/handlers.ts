import type { Kind } from "@shipkeeper/policy";
import type { ActionHandler } from "./apply-plan.ts";
import { backupHandler } from "./backup.ts";
import { drillHandler } from "./drill.ts";
import { expireHandler } from "./expire.ts";
import { pruneHandler } from "./prune.ts";
import { rebuildHandler } from "./rebuild.ts";
import { registryHandler } from "./registry.ts";
import { retainHandler } from "./retain.ts";
import { restartHandler } from "./restart.ts";
import { verifyHandler } from "./verify.ts";

/** How each action kind of the policy language is done; the compiler demands one for every kind. */
export const handlers: Readonly<Record<Kind, ActionHandler>> = {
  prune: pruneHandler,
  backup: backupHandler,
  restart: restartHandler,
  expire: expireHandler,
  registry: registryHandler,
  drill: drillHandler,
  rebuild: rebuildHandler,
  retain: retainHandler,
  verify: verifyHandler,
};
