import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

export const ROOT = resolve(import.meta.dirname, "../..");

export interface SourceFile {
  /** From the root of the repository. */
  readonly path: string;
  readonly text: string;
  /** What it imports: workspace packages and libraries by name, neighbours as paths from the root. */
  readonly imports: readonly string[];
}

/** Every file that git tracks or would track, by its ending. */
export function listFiles(...endings: string[]): string[] {
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return listed
    .split("\n")
    .filter((path) => endings.some((ending) => path.endsWith(ending)) && existsSync(join(ROOT, path)));
}

export function readSources(): SourceFile[] {
  return listFiles(".ts", ".tsx").map((path) => {
    const text = readFileSync(join(ROOT, path), "utf8");
    return { path, text, imports: importsOf(path, text) };
  });
}

function importsOf(path: string, text: string): string[] {
  const found: string[] = [];
  for (const [, name = ""] of text.matchAll(
    /^(?:import\s+|(?:import|export)\b[^;"'=]*?\bfrom\s+)["']([^"']+)/gm,
  )) {
    found.push(name.startsWith(".") ? relative(ROOT, resolve(ROOT, dirname(path), name)) : name);
  }
  return found;
}

export const isTest = (path: string): boolean =>
  /\.(test|bench)\.ts$/.test(path) || path.startsWith("test/") || path.includes("/testing/");
