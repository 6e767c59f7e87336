/** `recover --drill`: root rebuilds a whole host for a try on this one, without a policy and without a running agent. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { InvalidInput, OperationalError } from "@shipkeeper/kit";
import { connectEngine, readDisk, type Engine } from "@shipkeeper/docker";
import { runIdSchema } from "@shipkeeper/model";
import { rebuildSpecSchema } from "@shipkeeper/policy";
import { signDrillReceipt, type DrillReceipt } from "@shipkeeper/protocol";
import { createLog } from "@shipkeeper/runtime";
import { handDrills } from "./act/drill/hand-drills.ts";
import { removeOwnScratch, withCleanUp } from "./act/drill/clean-up.ts";
import { explainReceipt } from "./act/rebuild/explain-receipt.ts";
import { rebuild } from "./act/rebuild/rebuild.ts";
import type { Command } from "./commands.ts";
import type { AgentConfig } from "./config.ts";
import { hostKey, readIdentity } from "./enrol/identity.ts";
import { openRepositories } from "./open-repositories.ts";
import { readRecoveryKeyFile } from "./recovery-key-file.ts";

class DrillFailed extends OperationalError {
  override readonly name = "DrillFailed";
  readonly code = "drill_failed";
  readonly retryable = true;
}

type Given = Parameters<Command["run"]>[1];

/** Prints the receipt. Throws where the host did not come back whole. */
export async function rebuildByHand(config: AgentConfig, given: Given): Promise<void> {
  const { from = "", host = "", json = false, print, signal } = given;
  const hostId = readIdentity(config.stateDir)?.hostId;
  if (hostId === undefined)
    throw new InvalidInput("this host is not enrolled: there is no key to sign the receipt with", []);
  const engine = await connectEngine(config.docker, signal);
  const restic = await openRepositories(config, from);
  const keyFile = given["recovery-key"];
  const recoveryKey =
    keyFile === undefined ? readRecoveryKeyFile(config.recoveryKeyFile) : readFileSync(keyFile, "utf8");
  const common = {
    engine,
    clock: Date.now,
    pause: (ms: number, options: { signal: AbortSignal }) => setTimeout(ms, undefined, options),
    signal,
    log: createLog("shipkeeper-agent", "warn"),
  };

  await removeAbandoned(config, common);
  const runId = runIdSchema.parse(randomUUID());
  const begun = handDrills(config.stateDir).begin(runId);
  let isGone = true;
  const context = {
    ...common,
    runId,
    hostId,
    policy: "",
    rule: "by hand",
    engineDisk: () => engineDisk(engine),
    trouble(_code: string, message: string) {
      isGone = false;
      print(json ? JSON.stringify({ trouble: message }) : message);
    },
  };
  let receipt: DrillReceipt;
  try {
    const spec = rebuildSpecSchema.parse({ host, from });
    receipt = await withCleanUp(() => rebuild({ spec, restic, recoveryKey }, context), context);
    if (isGone) begun.forget();
  } finally {
    begun.release();
  }
  if (json) print(JSON.stringify({ receipt: signDrillReceipt(receipt, hostKey(config.stateDir)) }));
  else explainReceipt(receipt).forEach((line) => print(line));
  if (!receipt.passed) throw new DrillFailed(`host ${host} did not come back whole`);
}

/** What a program that died left behind. One that runs keeps its own. */
async function removeAbandoned(
  { stateDir }: AgentConfig,
  context: Omit<Parameters<typeof removeOwnScratch>[0], "runId">,
): Promise<void> {
  const drills = handDrills(stateDir);
  for (const runId of drills.abandoned()) {
    await removeOwnScratch({ ...context, runId });
    drills.forget(runId);
  }
}

async function engineDisk(engine: Engine) {
  return readDisk((await engine.facts()).engine.rootDir).catch(() => undefined);
}
