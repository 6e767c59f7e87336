/** The README's first command, as a newcomer runs it; its figures are held against what the engines themselves say. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "@shipkeeper/lab";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Summary } from "../demo/src/summary.ts";
import { containersOn, imagesOn } from "./e2e/ask-engine.ts";
import { ROOT } from "./tidy/source-files.ts";

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-demo-test-"));
const summaryFile = join(folder, "summary.json");
let demo: ChildProcess;
let summary: Summary;

beforeAll(async () => {
  const args = ["demo", "--json", summaryFile, "--port", "18080"];
  demo = spawn(join(ROOT, "install.sh"), args, { stdio: ["ignore", "pipe", "inherit"] });
  demo.stdout?.resume();
  await waitUntil(
    () => {
      if (demo.exitCode !== null) throw new Error(`the demo ended with ${demo.exitCode}`);
      return existsSync(summaryFile) && readFileSync(summaryFile, "utf8").endsWith("}\n");
    },
    { what: "the demo's summary", deadlineMs: 280_000, everyMs: 500 },
  );
  summary = JSON.parse(readFileSync(summaryFile, "utf8")) as Summary;
});

afterAll(async () => {
  if (demo.exitCode === null) {
    demo.kill("SIGTERM");
    await once(demo, "exit");
  }
  rmSync(folder, { recursive: true, force: true });
});

test("the fleet is as large and as old as it was promised", () => {
  expect(summary.hosts).toEqual({ total: 10, reported: 10 });
  expect(summary.containers.total).toBeGreaterThanOrEqual(50);
  expect(summary.images.total).toBeGreaterThanOrEqual(30);
  expect(summary.images.oldestDays).toBeGreaterThanOrEqual(300);
});

test("containers and images are counted as the engines count them", async () => {
  const sockets = summary.engines.map(({ socket }) => socket);
  const containers = (await Promise.all(sockets.map(containersOn))).flat();
  const images = (await Promise.all(sockets.map(imagesOn))).flat();

  expect(sockets).toHaveLength(10);
  expect(summary.containers.total).toBe(containers.length);
  expect(summary.containers.running).toBe(containers.filter(({ State }) => State === "running").length);
  expect(summary.containers.unhealthy).toBe(
    containers.filter(({ Status }) => Status.includes("(unhealthy)")).length,
  );
  expect(summary.images.total).toBe(images.length);
});

test("what was maintained adds up", () => {
  expect(summary.pruned.images).toBeGreaterThanOrEqual(10);
  expect(summary.pruned.containers).toBeGreaterThanOrEqual(10);
  expect(summary.pruned.bytes).toBeGreaterThan(0);
  expect(summary.restorePoints).toBeGreaterThanOrEqual(8);
  expect(summary.restarts).toEqual({ healed: 2, gaveUp: 1 });
  expect(Object.keys(summary.kept).length).toBeGreaterThanOrEqual(3);
});

test("each sickness is one incident, and people are called once, for the hopeless one", () => {
  expect(summary.incidents).toEqual({ total: 3, healed: 2, affected: 1 });
  expect(summary.alerts).toEqual({ "handed-over": 1 });
  // One before each of the four orders: two that helped, and two in vain.
  expect(summary.postMortems).toBe(4);
});

test("what is not as it should be is counted, and the fleet has a score", () => {
  const { score, findings } = summary.compliance;

  expect(score).toBeGreaterThan(0);
  expect(score).toBeLessThan(100);
  // The ledger's image was built more than half a year ago; some images say nothing of their owner.
  expect(findings["image-too-old"]).toBeGreaterThanOrEqual(1);
  expect(findings["label-missing"]).toBeGreaterThanOrEqual(1);
  expect(findings["registry-not-allowed"] ?? 0).toBe(0);
});

test("the page is there, and it ends with a sentence of truth for a person", () => {
  expect(readFileSync(summary.reportHtml, "utf8")).toContain("10 of 10 hosts");
});

test("after Ctrl-C nothing of it is left", async () => {
  const running = enginePids().length;
  demo.kill("SIGINT");
  const [exitCode] = (await once(demo, "exit")) as [number | null];

  expect(exitCode).toBe(0);
  expect(running).toBeGreaterThanOrEqual(10);
  expect(enginePids()).toEqual([]);
  expect(engineFolders().filter((folder) => existsSync(folder))).toEqual([]);
  expect(mountPoints().filter((mount) => engineFolders().some((folder) => mount.startsWith(folder)))).toEqual(
    [],
  );
  expect(readdirSync(tmpdir()).filter((name) => /^shipkeeper-demo-(?!test)/.test(name))).toEqual([]);
});

const engineFolders = () => summary.engines.map(({ socket }) => socket.slice(0, socket.lastIndexOf("/")));

/** The processes whose command line names one of the demo's engines, engines and shims alike. The dead have none. */
function enginePids(): string[] {
  return readdirSync("/proc").filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    const command = commandLine(pid);
    return engineFolders().some((folder) => command.includes(folder));
  });
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // ended since it was listed
  }
}

function mountPoints(): string[] {
  return readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
}
