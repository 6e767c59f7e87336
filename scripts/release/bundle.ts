/** Bundles each program to one file, and tells which npm packages went into it. */
import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { build, type Metafile, type Plugin } from "esbuild";

export interface Program {
  readonly name: string;
  /** Its main module, from the root of the checkout. */
  readonly main: string;
}

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  readonly license: string;
  readonly folder: string;
}

/**
 * dockerode asks for these when it is loaded, and uses them only for remote engines by ssh and for BuildKit sessions.
 * Shipkeeper does neither; they would be three quarters of the agent.
 */
const LEFT_OUT = /^(ssh2|cpu-features|protobufjs|@grpc\/grpc-js|@grpc\/proto-loader)$/;

/** Packages try to load these, and go on without them. */
const OPTIONAL = new Set(["supports-color", "osx-temperature-sensor", "macos-temperature-sensor"]);

/** Bundled CommonJS packages expect these names, which ES modules do not have. */
const COMMONJS_NAMES = `
import { createRequire as __createRequire } from "node:module";
const require = __createRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;
`.trim();

/** Writes `outfile`, and returns the packages of which it contains code. Throws where the file would not stand alone. */
export async function bundle(
  root: string,
  program: Program,
  { outfile, version }: { outfile: string; version: string },
): Promise<NpmPackage[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [program.main],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    // Names stay whole: a stack trace in a journal must say something.
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none", // the licences of all packages are in a file of their own
    banner: { js: COMMONJS_NAMES },
    plugins: [leaveOut, withVersion(join(root, "package.json"), version)],
    metafile: true,
    logLevel: "warning",
  });
  refuseMissingModules(program, metafile);
  return packagesIn(root, metafile);
}

const leaveOut: Plugin = {
  name: "leave-out",
  setup(build) {
    build.onResolve({ filter: LEFT_OUT }, ({ path }) => ({ path, namespace: "left-out" }));
    build.onLoad({ filter: /./, namespace: "left-out" }, () => ({ contents: "module.exports = {};" }));
  },
};

/** The programs read their version in the checkout's manifest: here they find the release's. */
const withVersion = (manifest: string, version: string): Plugin => ({
  name: "with-version",
  setup(build) {
    build.onLoad({ filter: /package\.json$/ }, ({ path }) =>
      path === manifest ? { contents: JSON.stringify({ version }), loader: "json" } : undefined,
    );
  },
});

function refuseMissingModules(program: Program, metafile: Metafile): void {
  const missing = Object.values(metafile.outputs)
    .flatMap((output) => output.imports)
    .filter(({ external, path }) => external === true && !isBuiltin(path) && !OPTIONAL.has(path));
  if (missing.length === 0) return;
  const names = missing.map(({ path }) => path).join(", ");
  throw new Error(`the bundle of ${program.name} would look for modules that no host has: ${names}`);
}

function packagesIn(root: string, metafile: Metafile): NpmPackage[] {
  const found = new Map<string, NpmPackage>();
  for (const output of Object.values(metafile.outputs)) {
    for (const [input, { bytesInOutput }] of Object.entries(output.inputs)) {
      if (bytesInOutput === 0 || !input.includes("node_modules/")) continue;
      const npmPackage = packageOf(resolve(root, input));
      found.set(npmPackage.folder, npmPackage);
    }
  }
  return [...found.values()];
}

/** The nearest package.json with a name and a version: packages have further ones inside that only set a module type. */
function packageOf(file: string): NpmPackage {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    const found = readPackage(folder);
    if (found !== undefined) return found;
  }
  throw new Error(`${file} belongs to no npm package`);
}

export function readPackage(folder: string): NpmPackage | undefined {
  let text: string;
  try {
    text = readFileSync(join(folder, "package.json"), "utf8");
  } catch {
    return undefined;
  }
  const { name, version, license } = JSON.parse(text) as Record<string, unknown>;
  if (typeof name !== "string" || typeof version !== "string") return undefined;
  if (typeof license !== "string") {
    throw new Error(`${relative(process.cwd(), folder)} names no licence: it cannot be released`);
  }
  return { name, version, license, folder };
}
