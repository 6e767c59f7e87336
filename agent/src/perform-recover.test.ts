import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hostIdSchema } from "@shipkeeper/model";
import { NO_GUARDRAILS } from "@shipkeeper/policy";
import { MOST_ORDER_SAID, type RecoverOrder } from "@shipkeeper/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openOrdered } from "./open-ordered.ts";
import { performRecover } from "./perform-recover.ts";
import type { RecoverOptions, RecoveryReport } from "./recover/recover.ts";

const LOST = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000001");
const AT = Date.parse("2030-01-31T02:00:00Z");
const SECRET = "DB_PASSWORD looked secret, is sealed and was not opened: it is left out";
const WHOLE: RecoveryReport = {
  host: { id: LOST, name: "web-1" },
  repository: "offsite",
  dryRun: false,
  steps: [
    { kind: "start", name: "shop", decision: "take", reason: { why: "ran" }, warnings: [], outcome: "done" },
  ],
  rpoMs: 120_000,
  datasets: [{ dataset: "volume:shop-data", restorePoint: "ab".repeat(32), at: AT, ageMs: 120_000 }],
  rtoMs: 60_000,
  phasesMs: { locate: 1_000 },
  warnings: [SECRET],
  complete: true,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "perform-recover-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Given {
  readonly order?: Partial<RecoverOrder>;
  readonly report?: Partial<RecoveryReport>;
  readonly stopFile?: string;
  /** Asks for the repository for real, on a host that names none. */
  readonly knowsNone?: true;
}

async function perform({ order = {}, report = {}, stopFile = "/nowhere/stop", knowsNone }: Given = {}) {
  const asked: RecoverOptions[] = [];
  const performer = performRecover(
    {
      engine: {} as never,
      repositories: {},
      cacheDir: folder,
      guardrails: () => ({ state: "absent", guardrails: { ...NO_GUARDRAILS, stopFile } }),
      stateDir: folder,
      recoveryKeyFile: join(folder, "recovery-key"),
      clock: () => AT,
    },
    {
      open: knowsNone === true ? openOrdered : async () => ({}) as never,
      async rebuild(options) {
        asked.push(options);
        return { ...WHOLE, ...report };
      },
    },
  );
  const context = { orderId: "one", onProgress: () => {}, signal: new AbortController().signal };
  const what = { kind: "recover", sourceHostId: LOST, repository: "offsite", ...order } as const;
  const said = await performer(what, context).catch((error: Error & { code?: string }) => error);
  return { asked, said };
}

test("it recovers the host of the order, contained, and says how whole, how old and without which secrets", async () => {
  const { asked, said } = await perform({ order: { at: AT } });

  expect(asked).toMatchObject([
    { wanted: { host: LOST, repository: "offsite", at: AT }, dryRun: false, uncontained: false },
  ]);
  expect(asked[0]?.recoveryKey).toBeUndefined();
  expect(said).toMatch(/^host web-1 .* is rebuilt from repository offsite\n/);
  expect(said).toContain("data lost at most   2 minutes");
  expect(said).toContain(`mind: ${SECRET}`);
});

test("a recovery key is what root put on the host", async () => {
  writeFileSync(join(folder, "recovery-key"), "the key");

  expect((await perform()).asked[0]?.recoveryKey).toBe("the key");
});

test("a host that is not whole is a failure with its report; a dry run ends with its plan", async () => {
  const failed = await perform({ report: { complete: false } });
  const dry = await perform({ order: { dryRun: true }, report: { dryRun: true, complete: false } });

  expect(failed.said).toMatchObject({ code: "recovery_incomplete" });
  expect((failed.said as Error).message).toContain("is not whole");
  expect(dry.asked[0]?.dryRun).toBe(true);
  expect(dry.said).toMatch(/would be rebuilt[^]*\ntake +start shop /);
});

test("however much there is to say, it fits, and what counts comes first", async () => {
  const many = Array.from({ length: 100 }, () => WHOLE.datasets).flat();
  const warnings = Array.from({ length: 100 }, () => SECRET);

  const { said } = await perform({ report: { datasets: many, warnings } });

  expect(String(said).length).toBeLessThanOrEqual(MOST_ORDER_SAID);
  expect(said).toContain("time needed         1 minute");
  expect(said).toMatch(/… 100 datasets, 1 steps: the agent's log has them all$/);
});

test("where root pulled the brake, or the host knows no such repository, nothing is begun", async () => {
  const stopFile = join(folder, "stop");
  writeFileSync(stopFile, "");

  const stopped = await perform({ stopFile });
  const unknown = await perform({ knowsNone: true });

  expect([stopped.said, unknown.said]).toMatchObject([
    { code: "restore_refused", message: expect.stringContaining("nothing is begun on this host") },
    { code: "restore_refused", message: expect.stringContaining("knows no repository offsite: add") },
  ]);
  expect([...stopped.asked, ...unknown.asked]).toEqual([]);
});
