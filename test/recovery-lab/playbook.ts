/** The recovery playbook as people read it: its shell blocks, run by bash as they stand. */
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { PROGRAMS } from "@shipkeeper/lab";

const PAGE = join(import.meta.dirname, "../../docs/recovery.md");
const MOST_OUTPUT = 2 ** 20;

export interface Playbook {
  /**
   * Runs the page's settings and then all blocks of a section, in one shell that ends at the first failure. The environment
   * is all that it gets: what the settings leave to the reader.
   */
  run(heading: string, environment: Readonly<Record<string, string>>): Promise<{ readonly stdout: string }>;
  /** Sections with blocks that nobody ran. */
  notRun(): string[];
}

export function openPlaybook({ folder }: { readonly folder: string }): Playbook {
  const [settings, ...sections] = readSections(readFileSync(PAGE, "utf8"));
  const left = new Map(sections.map(({ heading, script }) => [heading, script]));
  const scripts = new Map(left);
  return {
    async run(heading, environment) {
      const script = scripts.get(heading);
      if (script === undefined)
        throw new Error(
          `the playbook has no blocks below "${heading}", but ${[...scripts.keys()].join(", ")}`,
        );
      left.delete(heading);
      const env = { PATH: process.env["PATH"], HOME: folder, TMPDIR: folder, ...environment };
      return promisify(execFile)("bash", ["--norc", "-eu", "-c", `${settings?.script}${script}`], {
        cwd: folder,
        env,
        maxBuffer: MOST_OUTPUT,
      });
    },
    notRun: () => [...left.keys()],
  };
}

/** Sections that hold blocks; the first one's are the settings of all others. Throws at a block that is not for a shell. */
function readSections(page: string): { heading: string; script: string }[] {
  const sections: { heading: string; script: string }[] = [];
  // Blocks are taken whole, so that a comment in one is no heading.
  for (const { groups = {} } of page.matchAll(
    /^#+ (?<heading>.*)$|^```(?<language>.*)\n(?<script>[^]*?)^```$/gm,
  )) {
    const { heading, language, script = "" } = groups;
    if (heading !== undefined) sections.push({ heading, script: "" });
    else if (language !== "sh") throw new Error(`a block that no shell runs:\n${script}`);
    else sections.at(-1)!.script += script;
  }
  return sections.filter(({ script }) => script !== "");
}

/**
 * The programs as an installed machine has them, and a service manager that knows the collector alone: it writes the
 * process's id to `collector.pid` in the folder. Gives the PATH on which they come first.
 */
export function installPrograms(folder: string, { collectorConfig }: { collectorConfig: string }): string {
  const bin = join(folder, "bin");
  const pid = join(folder, "collector.pid");
  const log = join(folder, "collector.log");
  const start = (script: string) => `"${process.execPath}" "${script}"`;
  const programs = {
    shipkeeper: `exec ${start(PROGRAMS.shipkeeper)} "$@"`,
    "shipkeeper-agent": `exec ${start(PROGRAMS.agent)} "$@"`,
    "shipkeeper-collector": `exec ${start(PROGRAMS.collector)} "$@"`,
    systemctl: `
case "$*" in
  "stop shipkeeper-collector") kill "$(cat "${pid}")" && timeout 30 tail --pid="$(cat "${pid}")" -f /dev/null ;;
  "start shipkeeper-collector")
    setsid ${start(PROGRAMS.collector)} --config "${collectorConfig}" >"${log}" 2>&1 &
    echo $! >"${pid}" ;;
  *) echo "systemctl $* is not understood here" >&2; exit 1 ;;
esac`,
  };
  mkdirSync(bin);
  for (const [name, text] of Object.entries(programs))
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  return [bin, process.env["PATH"]].join(delimiter);
}
