/** Files of this host that are part of what it is made of: the engine's settings, compose files, the agent's own settings. */
import { lstat, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { errorChain } from "@shipkeeper/kit";
import type { HostConfiguration } from "@shipkeeper/policy";

export interface HostFile {
  /** Below the bundle's folder. */
  readonly name: string;
  /** Where it was. */
  readonly path: string;
  readonly text: string;
}

const MOST_FILES = 64;
const MOST_BYTES = 256 * 1024;
const COMPOSE_LABELS = [
  "com.docker.compose.project.config_files",
  "com.docker.compose.project.environment_file",
];
/** A label names any path that its author likes: only what could be compose's own is read. */
const COMPOSE_FILE = /\.(?:ya?ml|json|env)$|^\.env$/;

/** `given` are read by the names that they are given; an absent one is none of this host's. */
export async function readHostFiles(
  { containers }: Pick<HostConfiguration, "containers">,
  given: Readonly<Record<string, string>>,
): Promise<{ readonly files: HostFile[]; readonly gaps: string[] }> {
  const paths = [
    ...Object.entries(given).map(([name, path]) => ({ name, path })),
    ...composeFiles(containers).map((path, index) => ({
      name: `compose/${index + 1}-${basename(path)}`,
      path,
    })),
  ];
  const files: HostFile[] = [];
  const gaps = paths.length > MOST_FILES ? [`${paths.length - MOST_FILES} files are more than are kept`] : [];
  for (const { name, path } of paths.slice(0, MOST_FILES)) {
    try {
      files.push({ name, path, text: await readSmall(path) });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") gaps.push(`${path}: ${errorChain(error)}`);
    }
  }
  return { files, gaps };
}

function composeFiles(containers: HostConfiguration["containers"]): string[] {
  const named = containers.flatMap(({ blueprint: { create } }) => {
    const labels = (create["Labels"] ?? {}) as Readonly<Record<string, string>>;
    return COMPOSE_LABELS.flatMap((label) => (labels[label] ?? "").split(","));
  });
  const paths = named.map((path) => path.trim());
  return [...new Set(paths)]
    .filter((path) => path.startsWith("/") && COMPOSE_FILE.test(basename(path)))
    .toSorted();
}

async function readSmall(path: string): Promise<string> {
  const found = await lstat(path);
  if (!found.isFile()) throw new Error("it is no file");
  if (found.size > MOST_BYTES) throw new Error(`it is longer than ${MOST_BYTES} bytes`);
  return await readFile(path, "utf8");
}
