/** Takes the values out of an image's history: builders write environment and build arguments into it in clear. */

const NAME = /^[A-Za-z_][A-Za-z0-9_.-]*/;
const ASSIGNMENT = /(?:^|\s)([A-Za-z_][A-Za-z0-9_.-]*)=/g;

/** Build arguments that need no `ARG` line. */
const PREDEFINED = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];

/**
 * The lines with `K=…` in place of every value of `ENV` and `ARG`, and of the arguments that the classic builder
 * puts before a command (`|1 TOKEN=abc /bin/sh -c …`). A value may hold spaces and further `x=`, and nothing marks
 * where it ends: so only names that are known to be variables are kept, and everything else is taken for a value.
 */
export function maskHistory(
  lines: readonly string[],
  { environmentNames }: { environmentNames: readonly string[] },
): string[] {
  const declared = lines.flatMap((line) => instruction(line, "ARG")?.match(NAME)?.[0] ?? []);
  const argumentNames = new Set([
    ...declared,
    ...PREDEFINED,
    ...PREDEFINED.map((name) => name.toLowerCase()),
  ]);
  const variableNames = new Set(environmentNames);

  return lines.map((line) => {
    const env = instruction(line, "ENV");
    if (env !== undefined) return `ENV ${maskPairs(env, variableNames)}`;
    const arg = instruction(line, "ARG");
    if (arg !== undefined) return `ARG ${maskPairs(arg, argumentNames)}`;
    return maskBuildArguments(line, argumentNames);
  });
}

/** What follows the instruction on its line, as BuildKit (`ENV A=1`) or the classic builder (`… #(nop)  ENV A=1`) wrote it. */
function instruction(line: string, name: "ENV" | "ARG"): string | undefined {
  return new RegExp(`^(?:\\S+ -c #\\(nop\\)\\s+)?${name}\\s+([\\s\\S]*)$`).exec(line)?.[1];
}

/** The first name is one in any case; the others only where they are known. */
function maskPairs(pairs: string, known: ReadonlySet<string>): string {
  const first = NAME.exec(pairs)?.[0];
  if (first !== undefined && pairs.trimEnd() === first) return first;
  const names = assignedNames(pairs).filter((name) => name === first || known.has(name));
  return names.length === 0 ? "…" : names.map((name) => `${name}=…`).join(" ");
}

/** `|2 A=x B=y /bin/sh -c make`, which BuildKit writes after `RUN`. */
function maskBuildArguments(line: string, known: ReadonlySet<string>): string {
  const match = /^(RUN )?\|(\d+) ([\s\S]*)$/.exec(line);
  if (match === null) return line;
  const [, run = "", count = "0", rest = ""] = match;
  if (count === "0") return line;

  const command = /\s(\/\S+(?: -o \S+| -\w+)*? -\w*c [\s\S]*)$/.exec(rest);
  const names = assignedNames(command === null ? rest : rest.slice(0, command.index)).filter((name) =>
    known.has(name),
  );
  const masked = names.length === 0 ? "…" : names.map((name) => `${name}=…`).join(" ");
  return `${run}|${count} ${masked} ${command?.[1] ?? "…"}`;
}

function assignedNames(text: string): string[] {
  return [...new Set(Array.from(text.matchAll(ASSIGNMENT), ([, name]) => name ?? ""))];
}
