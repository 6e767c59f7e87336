/**
 * Shows the product at work: real Docker hosts, a collector, an agent on every host, one maintenance cycle, one report.
 * It does what an operator would do, with the programs that an operator has; the lab only provides the hosts.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { errorChain } from "@shipkeeper/kit";
import {
  demoWorld,
  furnish,
  seededRandom,
  startFleet,
  startSpine,
  type Spine,
  type Fleet,
  type World,
} from "@shipkeeper/lab";
import { untilMaintained, untilReported, type Sick } from "./cycle.ts";
import { USAGE, parseOptions, type DemoOptions } from "./options.ts";
import { showProgress, type Progress } from "./progress.ts";
import { takeSummary } from "./summary.ts";

/** 128 + SIGINT, as shells count: what was asked for was not shown to its end. */
const EXIT_INTERRUPTED = 130;
const POLICIES = join(import.meta.dirname, "../policies");
/** Of each host, for its engine: every host fills and frees its own. */
const DISK_MEGABYTES = 2_048;
const CHECKOUT = resolve(import.meta.dirname, "../..");

/** Resolves with the exit code. */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === "help") {
    console.log(USAGE);
    return 0;
  }

  const interrupted = untilInterrupted();
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-demo-"));
  const progress = showProgress();
  const world = demoWorld(seededRandom(options.seed), options);
  let fleet: Fleet | undefined;
  let stopPrograms = async () => {};
  try {
    progress.step(`starting ${options.hosts} Docker hosts`);
    fleet = await startFleet({ hosts: world.hosts.map(({ name }) => name), diskMegabytes: DISK_MEGABYTES });
    progress.done(`${options.hosts} Docker engines are up, each with its own name, address and storage`);
    const stage = {
      options,
      folder,
      progress,
      onStarted: (stop: () => Promise<void>) => (stopPrograms = stop),
    };
    const shown = await Promise.race([interrupted, show(fleet, world, stage)]);
    if (shown === "interrupted") return EXIT_INTERRUPTED;
    if (!options.once) await interrupted;
    return 0;
  } finally {
    progress.step("removing everything that was started");
    await stopPrograms();
    await fleet?.stop();
    rmSync(folder, { recursive: true, force: true });
    progress.done("everything that was started is gone");
  }
}

interface Stage {
  readonly options: DemoOptions;
  readonly folder: string;
  readonly progress: Progress;
  /** Hands out what ends the programs, as soon as there are any. */
  readonly onStarted: (stop: () => Promise<void>) => void;
}

async function show(
  fleet: Fleet,
  world: World,
  { options, folder, progress, onStarted }: Stage,
): Promise<"shown"> {
  const startedAt = performance.now();
  progress.step("filling them with images of many ages, containers, volumes and sickness");
  await furnish(fleet, world, ({ done, total }) => progress.detail(`${done} of ${total}`));
  progress.done(contents(world));

  progress.step("starting the collector, and an agent on every host");
  const labels = new Map(world.hosts.map((host) => [host.name, host.labels]));
  const spine = await startSpine({
    fleet,
    folder,
    listen: { address: "0.0.0.0", port: options.port },
    labelsOf: ({ name }) => ({ ...labels.get(name), fleet: "demo" }),
  });
  onStarted(() => spine.stop());
  await Promise.all(fleet.hosts.map((host) => spine.addAgent(host)));
  protectOneImage(spine, world);
  await untilReported(spine, options.hosts, progress);
  progress.done(`${options.hosts} hosts are enrolled, each with a key of its own, and have reported`);

  progress.step("signing the policy and pushing it");
  await spine.pushPolicy(POLICIES);
  progress.done("the policy is signed; the agents take it from here");

  progress.step("maintaining");
  await untilMaintained(
    spine,
    { hosts: options.hosts, volumes: countBackedUp(world), sick: countSick(world) },
    progress,
  );
  progress.done("one maintenance cycle is done: pruned, backed up, healed");

  const reportHtml = reportFile(options);
  mkdirSync(dirname(reportHtml), { recursive: true });
  await spine.shipkeeper("report", "fleet", "--format", "html", "--output", reportHtml);
  const durationSeconds = Math.round((performance.now() - startedAt) / 1_000);
  const summary = await takeSummary(spine, { reportHtml, durationSeconds });
  console.log(await spine.shipkeeper("report", "fleet", "--format", "text"));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(summary, undefined, 2)}\n`);
  progress.done(`the same as a page: ${reportHtml}`);
  if (!options.once) {
    progress.done(`dashboard: http://localhost:${options.port}/?token=${spine.adminToken}`);
    progress.done("running until Ctrl-C");
  }
  return "shown";
}

/** Beside the summary, else among what the checkout builds. */
function reportFile({ json }: DemoOptions): string {
  return json === undefined
    ? join(CHECKOUT, "dist/demo-fleet-report.html")
    : resolve(`${json.replace(/\.json$/, "")}.html`);
}

function contents({ hosts }: World): string {
  const images = new Set(hosts.flatMap((host) => host.images.map(({ id }) => id))).size;
  const containers = hosts.flatMap((host) => host.containers).length;
  const stale = hosts.flatMap((host) => host.staleContainers).length;
  const volumes = hosts.flatMap((host) => host.volumes).length;
  return `${images} images, ${containers} containers, ${stale} long exited ones and ${volumes} volumes are in place`;
}

/** One host's root has the last word on something, so that the report has a refusal to explain. */
function protectOneImage(spine: Spine, { hosts }: World): void {
  const [host] = hosts;
  const used = new Set(host?.containers.map(({ image }) => image));
  const image = host?.images
    .flatMap(({ tags }) => tags)
    .findLast((tag) => !used.has(tag) && !tag.includes("/base/"));
  if (host === undefined || image === undefined) return;
  const folder = dirname(spine.agent(host.name).configFile);
  writeFileSync(join(folder, "guardrails.yaml"), JSON.stringify({ neverTouch: { images: [image] } }), {
    mode: 0o644,
  });
}

/** What the policy's rule `backup: data` selects. */
const countBackedUp = ({ hosts }: World): number =>
  hosts.flatMap((host) => host.volumes).filter(({ name }) => name.endsWith("-data")).length;

function countSick({ hosts }: World): Sick {
  const kinds = hosts.flatMap((host) => host.containers).map(({ behaves }) => behaves?.kind);
  return {
    recoverable: kinds.filter((kind) => kind === "mends-on-restart").length,
    hopeless: kinds.filter((kind) => kind === "never-healthy").length,
  };
}

function untilInterrupted(): Promise<"interrupted"> {
  return new Promise((settle) => {
    process.once("SIGINT", () => settle("interrupted"));
    process.once("SIGTERM", () => settle("interrupted"));
  });
}

try {
  process.exit(await main());
} catch (error) {
  process.stderr.write(`\n${errorChain(error)}\n`);
  process.exit(1);
}
