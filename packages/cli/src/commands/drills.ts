import { existsSync, readFileSync } from "node:fs";
import { formatDuration, formatInstant, InvalidInput, OperationalError, printable } from "@shipkeeper/kit";
import {
  apiDrillDetailSchema,
  apiDrillSchema,
  drillReceiptSchema,
  drillReceiptText,
  drillsQuerySchema,
  MOST_RECEIPT_BYTES,
  signedDrillReceiptSchema,
  type ApiDrill,
  type DrillReceipt,
  type SignedDrillReceipt,
} from "@shipkeeper/protocol";
import { keyFingerprint, verifySignature } from "@shipkeeper/runtime";
import { Option, type Command } from "commander";
import * as z from "zod";
import { connectApi } from "../api.ts";
import { declareList, hostFilter, printList, type ListCommand, type ListOptions } from "../list-command.ts";
import { MISSING, time } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

/** A receipt that its host did not sign so. */
class ReceiptNotGenuine extends OperationalError {
  override readonly name = "ReceiptNotGenuine";
  readonly code = "receipt_not_genuine";
  readonly retryable = false;
}

export function addDrillsCommands(program: Command, surroundings: Surroundings): void {
  const drills = declareList(program, DRILLS)
    .option("--failed", "only those that failed")
    .action(({ failed, ...options }: ListOptions) =>
      printList(surroundings, DRILLS, failed === true ? { ...options, passed: "false" } : options),
    );

  drills
    .command("verify")
    .description("check that a receipt is exactly what its host signed")
    .argument("<receipt>", "a file that holds one, or the id of a drill")
    .option(
      "--key <fingerprint>",
      "of the host's key, as somebody wrote it down (default: as the collector says)",
    )
    .action(async (what: string, { key }: { key?: string }) => {
      const signed = existsSync(what) ? readReceipt(what) : await fetchReceipt(what, surroundings);
      const receipt = verified(signed);
      const signer = keyFingerprint(signed.publicKey);
      const expected = key ?? (existsSync(what) ? undefined : await keyOfHost(receipt.hostId, surroundings));
      if (expected !== undefined && expected !== signer) {
        throw new ReceiptNotGenuine(`the receipt was signed by key ${signer}, and the host's is ${expected}`);
      }
      const whose = expected === undefined ? "; compare it with the host's" : ", the host's";
      surroundings.out.write(`${describe(receipt)}\nsigned by key ${signer}${whose}\n`);
    });
}

/** Both what the API gives of a drill and the receipt by itself. */
const fileSchema = z.union([
  signedDrillReceiptSchema,
  z.object({ receipt: signedDrillReceiptSchema }).transform(({ receipt }) => receipt),
]);

function readReceipt(file: string): SignedDrillReceipt {
  const text = readFileSync(file, "utf8");
  try {
    if (text.length > 4 * MOST_RECEIPT_BYTES) throw new Error("it is too long");
    return fileSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new InvalidInput(`${file} holds no receipt of a drill`, [], { cause: error });
  }
}

async function fetchReceipt(id: string, surroundings: Surroundings): Promise<SignedDrillReceipt> {
  const path = `drills/${encodeURIComponent(id)}`;
  return (await connectApi(surroundings).get(path, apiDrillDetailSchema)).receipt;
}

async function keyOfHost(hostId: string, surroundings: Surroundings): Promise<string> {
  const host = z.object({ publicKeyFingerprint: z.string() });
  return (await connectApi(surroundings).get(`hosts/${hostId}`, host)).publicKeyFingerprint;
}

function verified({ payload, publicKey, signature }: SignedDrillReceipt): DrillReceipt {
  if (!verifySignature(drillReceiptText(payload), signature, publicKey))
    throw new ReceiptNotGenuine("the receipt was changed after it was signed, or its signature is another's");
  return drillReceiptSchema.parse(JSON.parse(payload));
}

function describe(receipt: DrillReceipt): string {
  const { dataset, hostId, requestedAt, repository, dataAt, passed, ofHost } = receipt;
  const data = dataAt === undefined ? "" : `, data of ${formatInstant(dataAt)}`;
  const how = passed
    ? `passed in ${formatDuration(receipt.rtoMs ?? 0)}`
    : `failed: ${printable(trouble(receipt))}`;
  const rebuilt = ofHost && `host ${printable(ofHost.name)} (${ofHost.id}), rebuilt on host ${hostId}`;
  const what = `${rebuilt ?? `${printable(dataset)} of host ${hostId}`}, from ${printable(repository)}${data}`;
  return `${formatInstant(requestedAt)}  ${what}: ${how}`;
}

/** Why a drill failed; nothing where it did not. */
function trouble({ failure, assertions }: Pick<DrillReceipt, "failure" | "assertions">): string {
  const failed = assertions.find(({ passed }) => !passed);
  return failure ?? (failed === undefined ? MISSING : `${failed.assert}: ${failed.said}`);
}

const against = (ms: number | undefined, targetMs: number | undefined): string => {
  if (ms === undefined) return MISSING;
  return targetMs === undefined ? formatDuration(ms) : `${formatDuration(ms)} of ${formatDuration(targetMs)}`;
};

const isOver = (ms = 0, targetMs = Infinity) => (ms > targetMs ? "bad" : undefined);

const DRILLS: ListCommand<typeof apiDrillSchema> = {
  name: "drills",
  description: "test restores: whether they passed, how long they took, how old the data was",
  item: apiDrillSchema,
  columns: [
    { head: "at", cell: (drill) => time(drill.requestedAt) },
    { head: "host", cell: (drill) => drill.host },
    { head: "dataset", cell: (drill) => drill.dataset },
    { head: "repository", cell: (drill) => drill.repository },
    {
      head: "result",
      cell: (drill) => (drill.passed ? "passed" : "failed"),
      tone: (drill) => (drill.passed ? "good" : "bad"),
    },
    {
      head: "rto",
      cell: (drill) => against(drill.rtoMs, drill.rtoTargetMs),
      tone: (drill) => isOver(drill.rtoMs, drill.rtoTargetMs),
    },
    {
      head: "rpo",
      cell: (drill) => against(drill.rpoMs, drill.rpoTargetMs),
      tone: (drill) => isOver(drill.rpoMs, drill.rpoTargetMs),
    },
    { head: "trouble", cell: (drill: ApiDrill) => trouble(drill) },
    { head: "id", cell: (drill) => drill.id, tone: () => "quiet" },
  ],
  filters: [
    hostFilter(),
    new Option("--dataset <id>", "only of this dataset, by its id or its name"),
    new Option("--repository <name>", "only from this repository"),
  ],
  sorts: drillsQuerySchema.shape.sort.unwrap().options,
};
