/**
 * Makes a release: a folder, and its archive, with all that a host needs: the programs, their runtime, units and the script
 * that installs them. Equal sources and equal tools give equal archives.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { billOfMaterials, componentsOf, licenseTexts } from "./release/bill-of-materials.ts";
import { bundle, readPackage, type NpmPackage, type Program } from "./release/bundle.ts";
import { packFolder, sha256, writeChecksums } from "./release/pack.ts";

const ROOT = resolve(import.meta.dirname, "..");

const PROGRAMS: readonly Program[] = [
  { name: "shipkeeper", main: "packages/cli/src/main.ts" },
  { name: "shipkeeper-agent", main: "agent/src/main.ts" },
  { name: "shipkeeper-collector", main: "collector/src/main.ts" },
];

/** Copied as they are: from the checkout → into the release. */
const FILES: Readonly<Record<string, string>> = {
  "install.sh": "install.sh",
  LICENSE: "LICENSE",
  "packaging/service.sh": "packaging/service.sh",
  "packaging/systemd": "packaging/systemd",
  "packaging/examples": "packaging/examples",
};

const { version, out, archive } = readOptions();
const arch = process.arch;
const name = `shipkeeper-${version}-linux-${arch}`;
const folder = join(out, name);

const startedAt = performance.now();
rmSync(folder, { recursive: true, force: true });
mkdirSync(join(folder, "bin"), { recursive: true });
mkdirSync(join(folder, "lib"));

const packagesOf = new Map<string, NpmPackage[]>();
for (const program of PROGRAMS) {
  packagesOf.set(
    program.name,
    await bundle(ROOT, program, { outfile: join(folder, "lib", `${program.name}.mjs`), version }),
  );
  copy(join(ROOT, "packaging/run-program.sh"), join("bin", program.name), 0o755);
}
const runtime = nodeRuntime();
copy(join(runtime.folder, "bin/node"), "lib/node", 0o755);
copy(sqliteModule(), "lib/better_sqlite3.node", 0o644);
for (const [from, to] of Object.entries(FILES))
  cpSync(join(ROOT, from), join(folder, to), { recursive: true });
writeFileSync(join(folder, "RELEASE"), `version ${version}\narch ${arch}\n`);

const everyProgram = PROGRAMS.map((program): [string, NpmPackage[]] => [program.name, [runtime]]);
const components = componentsOf([...packagesOf, ...everyProgram]);
writeFileSync(join(folder, "sbom.cdx.json"), billOfMaterials({ version, arch }, components));
writeFileSync(join(folder, "THIRD-PARTY-LICENSES"), licenseTexts(components));

proveThatItRuns();
writeChecksums(folder);
report();
if (archive) {
  const file = `${folder}.tar.gz`;
  await packFolder(folder, file);
  console.log(`${size(file)}  ${relative(process.cwd(), file)}  sha256 ${sha256(file)}`);
}
console.log(`made in ${((performance.now() - startedAt) / 1000).toFixed(1)} s`);

function readOptions(): { version: string; out: string; archive: boolean } {
  const { values } = parseArgs({
    allowNegative: true,
    options: {
      version: { type: "string", default: readPackage(ROOT)?.version ?? "" },
      out: { type: "string", default: join(ROOT, "dist") },
      archive: { type: "boolean", default: true },
    },
  });
  if (!/^[0-9][0-9A-Za-z.+-]*$/.test(values.version)) throw new Error(`${values.version} is not a version`);
  return { ...values, out: resolve(values.out) };
}

/** The package that carries the running Node.js: the checkout's own, never one of the system's. */
function nodeRuntime(): NpmPackage {
  const found = readPackage(resolve(dirname(process.execPath), ".."));
  if (found?.name === `node-linux-${arch}`) return found;
  throw new Error(`${process.execPath} is not the checkout's own Node.js: please use ./install.sh build`);
}

function sqliteModule(): string {
  const require = createRequire(join(ROOT, "packages/runtime/package.json"));
  return join(dirname(require.resolve("better-sqlite3/package.json")), `prebuilds/linux-${arch}.node`);
}

function copy(from: string, to: string, mode: number): void {
  cpSync(from, join(folder, to));
  chmodSync(join(folder, to), mode);
}

/** What a bundler cannot see, such as a module that is looked for by path, shows when the program starts. */
function proveThatItRuns(): void {
  for (const program of PROGRAMS) {
    const file = join(folder, "bin", program.name);
    const said = execFileSync(file, ["--version"], { cwd: "/", env: {}, encoding: "utf8" }).trim();
    if (said !== `${program.name} ${version}`) throw new Error(`${file} says that it is ${said}`);
  }
}

function report(): void {
  const files = [
    ...PROGRAMS.map((program) => `lib/${program.name}.mjs`),
    "lib/node",
    "lib/better_sqlite3.node",
  ];
  for (const file of files) console.log(`${size(join(folder, file))}  ${file}`);
  console.log(`${components.length} packages in sbom.cdx.json`);
}

function size(file: string): string {
  return `${(statSync(file).size / 1e6).toFixed(2).padStart(7)} MB`;
}
