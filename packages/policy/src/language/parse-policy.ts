/**
 * YAML that people wrote → policies that programs run. Reports every mistake of every file at once, each with its place;
 * a policy with a mistake is left out, so that half of what was meant never comes into force.
 */
import type { Instant } from "@shipkeeper/kit";
import type { LateProblem } from "./check-hosts.ts";
import { overlapProblems } from "./check-overlap.ts";
import { isProfile, profilesOf } from "./inherit.ts";
import { mergeDocuments } from "./merge-documents.ts";
import { parseDocument } from "./parse-document.ts";
import type { Policy } from "./policy.ts";
import { byPlace, formatProblem, MOST_PROBLEMS, type Problem } from "./problem.ts";
import { isMapping, readYaml, type YamlDocument } from "./yaml-document.ts";

export interface PolicyFile {
  readonly file: string;
  readonly text: string;
}

export interface ParsedPolicies {
  readonly policies: Policy[];
  readonly problems: Problem[];
  /** A mistake of one of the policies that is found later, at its place in the file. */
  place(problem: LateProblem): Problem;
}

/** The policies of all files that have no problem, in the order of the files. What is over by `now` is a problem. */
export function parsePolicy(files: readonly PolicyFile[], { now }: { now: Instant }): ParsedPolicies {
  const read = files.map(({ file, text }) => readYaml(file, text));
  const documents = read.flatMap(({ document }) => document ?? []);
  const problems = read.flatMap((one) => one.problems);
  const profiles = byName(documents.filter(isProfile), "profile", problems);
  const named = byName(
    documents.filter((document) => !isProfile(document)),
    "policy",
    problems,
  );
  const broken = new Set(problems.map(({ file }) => file));

  const parsed = documents.map((document) => {
    const { inherited, problems: lost } = profilesOf(document, profiles);
    const whole = mergeDocuments(document, inherited);
    const { policy, placed, problems: found } = parseDocument(whole, { now, isWhole: lost.length === 0 });
    problems.push(...lost, ...found);
    const sound = [document, ...inherited].every(({ file }) => !broken.has(file));
    return { document, placed, policy: sound && lost.length + found.length === 0 ? policy : undefined };
  });
  const selecting = parsed.filter(({ document }) => !isProfile(document));
  const overlaps = [...Map.groupBy(selecting, ({ document }) => hostsOf(document)).values()].flatMap(
    (alike) => overlapProblems(alike.flatMap(({ placed }) => placed)),
  );
  problems.push(...overlaps.map(({ problem }) => problem));
  const overlapping = new Set(overlaps.map(({ policy }) => policy));
  const policies = parsed.flatMap(({ policy }) =>
    policy === undefined || overlapping.has(policy.name) ? [] : [policy],
  );

  return {
    policies,
    problems: inOrder(problems, files),
    place({ policy, path, message }) {
      const document = named.get(policy);
      return document?.problemAt(path, message) ?? { file: policy, line: 1, column: 1, message };
    },
  };
}

/** The same text for policies that select the same hosts; nobody else's, where that is not known. */
function hostsOf({ data, file }: YamlDocument): string {
  const hosts = isMapping(data) ? data["hosts"] : undefined;
  if (!isMapping(hosts)) return file;
  return JSON.stringify(Object.entries(hosts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Documents by the name that they open with; a name that is taken is a problem. */
function byName(
  documents: readonly YamlDocument[],
  key: "policy" | "profile",
  problems: Problem[],
): Map<string, YamlDocument> {
  const named = new Map<string, YamlDocument>();
  for (const document of documents) {
    const name = isMapping(document.data) ? document.data[key] : undefined;
    if (typeof name !== "string") continue;
    const first = named.get(name);
    if (first === undefined) named.set(name, document);
    else
      problems.push(
        document.problemAt([key], `a second ${key} named ${name}, the first is in ${first.file}`),
      );
  }
  return named;
}

/** File by file; a mistake in a profile is told once, however many policies inherit it. */
function inOrder(problems: readonly Problem[], files: readonly PolicyFile[]): Problem[] {
  const once = [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
  const byFile = Map.groupBy(once, ({ file }) => file);
  return [...new Set(files.map(({ file }) => file))].flatMap((file) =>
    (byFile.get(file) ?? []).sort(byPlace).slice(0, MOST_PROBLEMS),
  );
}
