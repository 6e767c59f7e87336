/**
 * Looks again at what was backed up: whether repositories are whole, and whether files of restore points equal their
 * source. What it finds becomes a proof, good or bad; where it cannot look there is none. A repository is never changed.
 */
import { assert, unreachable } from "@shipkeeper/kit";
import {
  afterReading,
  isNewFailure,
  readDatasetId,
  rungOf,
  sweepFacts,
  sweepOf,
  withSince,
  type Proof,
  type Verdict,
  type VerifyFacts,
} from "@shipkeeper/policy";
import type { CheckFound, Damage, Restic } from "@shipkeeper/restic";
import type { ActContext } from "./action-context.ts";
import type { ActionHandler, StepResult } from "./apply-plan.ts";
import { resticOf } from "./restic-of.ts";
import { compareWithSource, describeSample, type Sample } from "./verify-sample.ts";

export const verifyHandler: ActionHandler = {
  // Takes no lock and writes nothing but a scratch folder.
  exclusive: false,
  freesSpace: false,

  async take(verdict, context) {
    const repository = String(verdict.expect?.["repository"]);
    // The rules of two backups may share a repository.
    const release = context.claims.take(`repository ${repository}`, "verify");
    if (release === undefined) return { status: "skipped", why: "busy" };
    try {
      return await look(verdict, repository, context);
    } finally {
      release();
    }
  },

  /** Nothing was changed, and a look that did not come to its end proves nothing. */
  settle: async () => ({ status: "skipped", why: "cut-off" }),
};

async function look(verdict: Verdict, repository: string, context: ActContext): Promise<StepResult> {
  const restic = resticOf(context);
  switch (verdict.decision) {
    case "check-structure":
      return checkStructure(repository, restic, context);
    case "read-subset":
      return readSubset(verdict, repository, restic, context);
    case "sample":
      return sample(verdict, repository, restic, context);
    default:
      return unreachable(verdict.decision as never);
  }
}

async function checkStructure(repository: string, restic: Restic, context: ActContext): Promise<StepResult> {
  const startedAt = context.clock();
  const found = await restic.check(repository, {}, context.signal);
  const durationMs = context.clock() - startedAt;
  proveStructure(repository, found, durationMs, context);
  return done({ passed: found.damage.length === 0, packsRead: 0, filesEqual: 0, durationMs });
}

async function readSubset(
  { expect }: Verdict,
  repository: string,
  restic: Restic,
  context: ActContext,
): Promise<StepResult> {
  const { subset, from, to } = expect ?? {};
  assert(
    typeof subset === "string" && typeof from === "number" && typeof to === "number",
    "a step that reads says what",
  );
  const startedAt = context.clock();
  const found = await restic.check(repository, { subset }, context.signal);
  const at = context.clock();
  const durationMs = at - startedAt;
  proveStructure(repository, found, durationMs, context);

  const damage = found.damage.filter(({ level }) => level === "bytes");
  const before = sweepOf(rungOf(context.proofs.all(), { level: "bytes", repository }, at).newest);
  const passed = damage.length === 0;
  // Where damage was found the sweep stays: the same part is read again until it is whole.
  const sweep = passed ? afterReading(before, { from, to }, startedAt) : { ...before, next: from };
  const { packs, packsRead = 0 } = found;
  const facts = { subset, packsRead, ...(packs !== undefined && { packs }), durationMs };
  const proof: Proof = {
    at,
    level: "bytes",
    repository,
    passed,
    ...(!passed && { message: inWords(damage) }),
    facts: { ...facts, ...sweepFacts(sweep) },
  };
  tellDamage(proof, context);
  return done({ passed: found.damage.length === 0, packsRead, filesEqual: 0, durationMs });
}

function proveStructure(
  repository: string,
  { damage }: CheckFound,
  durationMs: number,
  context: ActContext,
): void {
  const ofStructure = damage.filter(({ level }) => level === "structure");
  const passed = ofStructure.length === 0;
  const message = passed ? {} : { message: inWords(ofStructure) };
  const at = context.clock();
  tellDamage({ at, level: "structure", repository, passed, ...message, facts: { durationMs } }, context);
}

/** That it stands, the state of the repositories says; the trouble is its beginning. */
function tellDamage(proof: Proof, { proofs, prove, trouble }: ActContext): void {
  const before = proofs.all();
  const isNews = isNewFailure(proof, before);
  prove(withSince(proof, before));
  if (isNews) trouble("repository_damaged", `repository ${proof.repository} is damaged: ${proof.message}`);
}

const MOST_NAMED = 5;

/** `pack 4eea6f42: does not exist; pack 38fe2093: does not exist; and 3 more` */
function inWords(damage: readonly Damage[]): string {
  const named = damage.slice(0, MOST_NAMED).map(({ message }) => message);
  const more = damage.length - named.length;
  return [...named, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

async function sample(
  { target, expect }: Verdict,
  repository: string,
  restic: Restic,
  context: ActContext,
): Promise<StepResult> {
  const { engine, hostId, runId, clock, signal } = context;
  const restorePoint = String(expect?.["restorePoint"]);
  const startedAt = clock();
  const source = await sourceOf(target.id, context);
  if (source === undefined) return { status: "skipped", why: "already-gone" };
  const snapshot = (await restic.snapshots(repository, { hostId }, signal)).find(
    ({ id }) => id === restorePoint,
  );
  const [root] = snapshot?.paths ?? [];
  if (snapshot === undefined || root === undefined) return { status: "skipped", why: "restore-point-gone" };

  const { rootDir } = (await engine.facts({ signal })).engine;
  const request = { repository, snapshot, root, source, seed: runId, scratchIn: rootDir };
  const found = await compareWithSource(request, restic, signal);
  const durationMs = clock() - startedAt;
  proveSample(found, { repository, dataset: target.id, restorePoint, durationMs }, context);
  return done({ passed: found.different.length === 0, packsRead: 0, filesEqual: found.equal, durationMs });
}

function proveSample(
  found: Sample,
  {
    repository,
    dataset,
    restorePoint,
    durationMs,
  }: { repository: string; dataset: string; restorePoint: string; durationMs: number },
  { proofs, prove, trouble, clock }: ActContext,
): void {
  const { files, equal, different } = found;
  const message = describeSample(found);
  const proof: Proof = {
    at: clock(),
    level: "sample",
    repository,
    dataset,
    restorePoint,
    passed: different.length === 0,
    ...(message !== undefined && { message }),
    facts: { files, filesEqual: equal, filesDifferent: different.length, durationMs },
  };
  const isNews = isNewFailure(proof, proofs.all());
  prove(proof);
  if (isNews) {
    trouble(
      "backup_differs",
      `restore point ${restorePoint.slice(0, 8)} of ${dataset} in repository ${repository}: ${message}`,
    );
  }
}

/** The folder that was backed up, as it is now. */
async function sourceOf(dataset: string, { engine }: ActContext): Promise<string | undefined> {
  const { kind, name } = readDatasetId(dataset) ?? {};
  if (kind === "bind") return name;
  return (await engine.volumes()).find((volume) => volume.name === name)?.mountpoint;
}

function done(facts: VerifyFacts): StepResult {
  return { status: "done", facts };
}
