/** `shipkeeper policy preview`: what policies would do to the fleet, before anybody signs them. */
import { formatBytes, printableLines } from "@shipkeeper/kit";
import { explainRound } from "@shipkeeper/policy";
import {
  policyPreviewSchema,
  type PolicyPreview,
  type PreviewChanges,
  type PreviewFinding,
  type PreviewHost,
  type PreviewItem,
  type PreviewOwner,
  type PreviewScore,
  type StepCount,
} from "@shipkeeper/protocol";
import { InvalidArgumentError, type Command } from "commander";
import { CollectorRefused, connectApi, type Query } from "../api.ts";
import { PolicyGateClosed } from "../exit-codes.ts";
import { printJson } from "../list-command.ts";
import { printTable, type Column } from "../output/table.ts";
import { MISSING, bytes, orDash, time } from "../output/words.ts";
import { loadPolicies } from "../policy-files.ts";
import type { Output, Surroundings } from "../surroundings.ts";

interface PreviewOptions {
  readonly host?: string;
  readonly owner?: string;
  readonly explain?: string;
  readonly limit: number;
  readonly failOver?: number;
  readonly json?: boolean;
}

export function addPreviewCommand(policy: Command, surroundings: Surroundings): void {
  policy
    .command("preview")
    .description("tell what policies would do on every host if each rule were due now; nothing is pushed")
    .argument("[paths...]", "policy files, or folders of them", ["policies"])
    .option("--host <name>", "only on this host")
    .option("--owner <name>", "only to what this owner answers for")
    .option("--explain <host>", "print every verdict on this host")
    .option("--limit <number>", "rows of each table", rows, 20)
    .option(
      "--fail-over <share>",
      "exit 3 where more than this share of the images would be removed: 20%",
      share,
    )
    .option("--json", "print JSON")
    .action(async (paths: string[], options: PreviewOptions) => {
      const preview = await ask(paths, options, surroundings);
      if (options.json === true) printJson(surroundings, preview);
      else if (options.explain === undefined) printPreview(surroundings.out, preview, options);
      else printExplained(surroundings.out, preview, options.explain);
      if (options.failOver !== undefined) holdTo(options.failOver, preview);
    });
}

async function ask(
  paths: readonly string[],
  { host, owner, explain, limit }: PreviewOptions,
  surroundings: Surroundings,
): Promise<PolicyPreview> {
  const { policies } = loadPolicies(paths, { now: surroundings.now() }); // mistakes need no network
  const api = connectApi(surroundings);
  const query: Query = {
    host: explain ?? host,
    owner,
    explain: explain === undefined ? undefined : "true",
    limit: String(limit),
  };
  if (surroundings.err.isTerminal) surroundings.err.write("trying the policies out …\n");
  try {
    return await api.post("policies/preview", { policies }, policyPreviewSchema, query);
  } catch (error) {
    if (!(error instanceof CollectorRefused) || error.status !== 422) throw error;
    throw new PolicyGateClosed(error.problems.length > 0 ? error.problems : [error.message]);
  }
}

/** Throws `PolicyGateClosed` where a larger share of all judged images would go. */
function holdTo(mostShare: number, { tally, holds }: PolicyPreview): void {
  const removed = imagesRemoved(tally.acts);
  const percent = Math.round((1_000 * removed) / Math.max(1, holds.images)) / 10;
  if (removed <= mostShare * holds.images) return;
  throw new PolicyGateClosed([
    `${removed} of ${holds.images} images would be removed: ${percent} %, and ${100 * mostShare} % is the limit`,
  ]);
}

const imagesRemoved = (steps: readonly StepCount[]) =>
  sum(steps.filter(({ decision, type }) => decision === "remove" && type === "image"));
const sum = (counts: readonly { readonly count: number }[]) =>
  counts.reduce((total, { count }) => total + count, 0);

function printExplained(out: Output, { round, hosts, warnings }: PolicyPreview, hostName: string): void {
  if (round !== undefined) out.write(explainRound(round, { hostName }));
  const lines = [
    ...hosts.notJudged.map(({ host, why }) => `${host} cannot be judged: ${why}`),
    ...warnings.map(({ message }) => `warning: ${message}`),
  ];
  out.write(printableLines(lines.map((line) => `${line}\n`).join("")));
}

function printPreview(out: Output, preview: PolicyPreview, { owner }: Pick<PreviewOptions, "owner">): void {
  const { hosts, rules, owners, changes, compliance } = preview;
  out.write(
    printableLines(
      headOf(preview)
        .map((line) => `${line}\n`)
        .join(""),
    ),
  );

  printPart(out, HOST_COLUMNS, hosts.items.filter(hasNews));
  printPart(out, RULE_COLUMNS, rules);
  printPart(out, OWNER_COLUMNS, owners.filter(hasNews));
  if (owner !== undefined) printPart(out, ITEM_COLUMNS, owners[0]?.items ?? []);
  printPart(out, CHANGE_COLUMNS, changes.items);
  printPart(out, FINDING_COLUMNS, compliance.items);
}

/** A table after an empty line; nothing where it has no row. */
function printPart<Row>(out: Output, columns: readonly Column<Row>[], rows: readonly Row[]): void {
  if (rows.length === 0) return;
  out.write("\n");
  printTable(out, columns, rows);
}

function headOf(preview: PolicyPreview): string[] {
  const { hosts, tally, tallyInForce, changes, compliance, warnings, inForce } = preview;
  const compared = inForce === undefined ? "no policy is in force" : `compared with revision ${inForce}`;
  const { newly, noLonger } = changes;
  return [
    `${hosts.judged} of ${hosts.known} hosts judged, ${hosts.selected} selected, ${hosts.acting} with something to do; ${compared}`,
    ...warnings.map(({ message }) => `warning: ${message}`),
    ...hosts.notJudged.map(({ host, why }) => `not judged: ${host}: ${why}`),
    ...moreLine(hosts.known - hosts.judged - hosts.notJudged.length, "hosts that are not judged"),
    `would be done:   ${stepsInWords(tally.acts)}`,
    `only told of:    ${stepsInWords(tally.observes)}`,
    `in force does:   ${stepsInWords(tallyInForce.acts)}`,
    `difference:      ${newly.count} newly (${formatBytes(newly.bytes)}), ${noLonger.count} no longer (${formatBytes(noLonger.bytes)})`,
    `compliance:      ${scoreInWords(compliance.score)}; findings: ${compliance.opens} open, ${compliance.closes} close`,
  ];
}

const moreLine = (count: number, what: string) => (count > 0 ? [`… and ${count} more ${what}`] : []);

/** `remove 34 image (3.4 GB), restart 2 container`. */
function stepsInWords(steps: readonly StepCount[]): string {
  if (steps.length === 0) return "nothing";
  return steps
    .map(({ decision, type, count, bytes: size }) => {
      const what = `${decision} ${count} ${type}${count === 1 || type === "build-cache" ? "" : "s"}`;
      return size === 0 ? what : `${what} (${formatBytes(size)})`;
    })
    .join(", ");
}

type Deeds = Pick<PreviewHost, "tally" | "changes">;

const hasNews = ({ tally, changes, score }: Deeds & Pick<PreviewHost, "score">) =>
  tally.acts.length + tally.observes.length + changes.noLonger.count > 0 || score.before !== score.after;

const changesInWords = ({ newly, noLonger }: PreviewChanges) =>
  newly.count + noLonger.count === 0 ? MISSING : `+${newly.count} -${noLonger.count}`;

/** `87 → 93`; a dash where no check is made. */
const scoreInWords = ({ before, after }: PreviewScore) => `${before ?? MISSING} → ${after ?? MISSING}`;

const SCORE: Column<Pick<PreviewHost, "score">> = {
  head: "score",
  align: "right",
  cell: ({ score }) => scoreInWords(score),
};

const DEEDS: readonly Column<Deeds>[] = [
  { head: "would do", cell: ({ tally }) => stepsOrDash(tally.acts) },
  { head: "would tell of", cell: ({ tally }) => stepsOrDash(tally.observes), tone: () => "quiet" },
  { head: "change", align: "right", cell: ({ changes }) => changesInWords(changes) },
  { head: "keeps", align: "right", cell: ({ tally }) => String(sum(tally.kept)) },
  { head: "mostly because", cell: ({ tally }) => orDash(tally.kept[0]?.example), tone: () => "quiet" },
];

const stepsOrDash = (steps: readonly StepCount[]) => (steps.length === 0 ? MISSING : stepsInWords(steps));

const HOST_COLUMNS: readonly Column<PreviewHost>[] = [
  { head: "host", cell: ({ host }) => host },
  { head: "inventory", cell: ({ inventoryAt }) => time(inventoryAt), tone: () => "quiet" },
  { head: "images", align: "right", cell: ({ holds }) => String(holds.images) },
  SCORE,
  ...DEEDS,
];

const RULE_COLUMNS: readonly Column<PolicyPreview["rules"][number]>[] = [
  { head: "rule", cell: ({ policy, kind, rule }) => `${policy}: ${kind} ${rule}` },
  {
    head: "hosts",
    align: "right",
    cell: ({ hosts, inCandidate }) => (inCandidate ? String(hosts) : "gone"),
  },
  ...DEEDS,
];

const OWNER_COLUMNS: readonly Column<PreviewOwner>[] = [
  { head: "owner", cell: ({ owner }) => owner ?? "nobody" },
  SCORE,
  ...DEEDS,
];

const ITEM_COLUMNS: readonly Column<PreviewItem>[] = [
  { head: "host", cell: ({ host }) => host },
  {
    head: "does",
    cell: ({ mode, decision }) => (mode === "enforce" ? decision : `tells of ${decision}`),
    tone: ({ mode }) => (mode === "enforce" ? undefined : "quiet"),
  },
  { head: "what", cell: ({ target }) => target.name },
  { head: "size", align: "right", cell: (item) => bytes(item.bytes) },
  { head: "because", cell: ({ explanation }) => explanation },
];

const CHANGE_COLUMNS: readonly Column<PolicyPreview["changes"]["items"][number]>[] = [
  {
    head: "change",
    cell: ({ change }) => change,
    tone: ({ change }) => (change === "newly" ? "warning" : "quiet"),
  },
  ...ITEM_COLUMNS,
];

const FINDING_COLUMNS: readonly Column<PreviewFinding>[] = [
  {
    head: "finding",
    cell: ({ change }) => change,
    tone: ({ change }) => (change === "opens" ? "warning" : "good"),
  },
  { head: "severity", cell: ({ severity }) => severity },
  { head: "host", cell: ({ host }) => host },
  { head: "check", cell: ({ check }) => check },
  { head: "what", cell: ({ subject }) => subject.name },
  { head: "because", cell: ({ explanation }) => explanation },
];

function share(text: string): number {
  const percent = /^\d{1,3}%$/.test(text) ? Number(text.slice(0, -1)) : 101;
  if (percent > 100) throw new InvalidArgumentError("expected a share such as 20%");
  return percent / 100;
}

function rows(text: string): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > 1_000) throw new InvalidArgumentError("expected a number from 1 to 1000");
  return count;
}
