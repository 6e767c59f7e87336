/** Which profiles a document inherits from, directly and through others, and what is wrong with their names. */
import { suggest } from "@shipkeeper/kit";
import type { Problem } from "./problem.ts";
import { isMapping, type YamlDocument } from "./yaml-document.ts";

/** `profile: base`: a document that others inherit from, and that selects no host itself. */
export function isProfile({ data }: YamlDocument): boolean {
  return isMapping(data) && Object.hasOwn(data, "profile");
}

/** Of one document: more is a maze that nobody follows. */
const MOST_PROFILES = 20;

/**
 * The profiles of a document, each once: nearer ones before those that they inherit from themselves, and in the order in
 * which `inherits` names them. Names that cannot be followed are problems of the document that names them.
 */
export function profilesOf(
  document: YamlDocument,
  profiles: ReadonlyMap<string, YamlDocument>,
): { inherited: YamlDocument[]; problems: Problem[] } {
  const problems: Problem[] = [];
  const farthestFirst: YamlDocument[] = [];
  const above: YamlDocument[] = [];

  const visit = (current: YamlDocument): void => {
    above.push(current);
    for (const [index, name] of [...namesIn(current).entries()].toReversed()) {
      const profile = profiles.get(name);
      const tell = (message: string) =>
        problems.push(current.problemAt(["inherits", index], `inherits: ${message}`));
      if (profile === undefined) {
        tell(`there is no profile named ${name}${hint(name, profiles)}`);
      } else if (above.includes(profile)) {
        tell(`${name} inherits from itself: ${[...above.map(nameOf), name].join(" → ")}`);
      } else if (above.length > MOST_PROFILES) {
        tell(`more than ${MOST_PROFILES} profiles in a row`);
      } else if (!farthestFirst.includes(profile)) {
        visit(profile);
      }
    }
    above.pop();
    farthestFirst.push(current);
  };

  visit(document);
  return { inherited: farthestFirst.toReversed().slice(1), problems };
}

/** What is no list of texts is told by the schema. */
function namesIn({ data }: YamlDocument): string[] {
  const inherits = isMapping(data) ? data["inherits"] : undefined;
  return Array.isArray(inherits) ? inherits.filter((name) => typeof name === "string") : [];
}

/** What a document calls itself; its file, where it does not say. */
export function nameOf({ data, file }: YamlDocument): string {
  const names = isMapping(data) ? [data["profile"], data["policy"]] : [];
  return names.find((name) => typeof name === "string") ?? file;
}

function hint(name: string, profiles: ReadonlyMap<string, YamlDocument>): string {
  const meant = suggest(name, profiles.keys());
  if (meant !== undefined) return `, did you mean ${meant}?`;
  return profiles.size === 0 ? "" : `, there are ${[...profiles.keys()].sort().join(", ")}`;
}
