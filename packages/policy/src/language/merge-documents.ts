/**
 * Several documents as one, where the earlier has the last word: how a policy takes over what its profiles say. Every
 * value still knows the file it was written in, so that a mistake is told there.
 */
import { isKind } from "../actions/catalog.ts";
import { isMapping, type Path, type YamlDocument } from "./yaml-document.ts";

/** Keys that say what a document is, and that nobody inherits. */
const OWN_KEYS: ReadonlySet<PropertyKey> = new Set(["policy", "profile", "hosts", "inherits"]);

/** Lists of which two halves make no sense together. */
const WHOLE_LISTS: ReadonlySet<PropertyKey> = new Set(["rings", "windows"]);

/** Lists follow each other, mappings are merged key by key, and of single values the first document's stands. */
export function mergeDocuments(own: YamlDocument, inherited: readonly YamlDocument[]): YamlDocument {
  const whole = inherited.reduce((merged, document) => mergeHeads(merged, rootOf(document)), rootOf(own));
  const partAt = (path: Path): { document: YamlDocument; path: Path } => {
    let part = whole;
    for (const [depth, step] of path.entries()) {
      const next = part.children?.get(step);
      if (next === undefined) return { document: part.document, path: [...part.path, ...path.slice(depth)] };
      part = next;
    }
    return part;
  };

  return {
    file: own.file,
    data: whole.value,
    problemAt(path, message) {
      const part = partAt(path);
      return part.document.problemAt(part.path, message);
    },
    problemAtKey(path, key, message) {
      const part = partAt([...path, key]);
      return part.document.problemAtKey(part.path.slice(0, -1), key, message);
    },
  };
}

/** A value, and where it was written. What several documents wrote together has children that each know their own. */
interface Part {
  readonly document: YamlDocument;
  readonly path: Path;
  readonly value: unknown;
  readonly children?: ReadonlyMap<PropertyKey, Part>;
}

function rootOf(document: YamlDocument): Part {
  return { document, path: [], value: document.data };
}

function childrenOf(part: Part): ReadonlyMap<PropertyKey, Part> {
  if (part.children !== undefined) return part.children;
  const { document, path, value } = part;
  const entries = Array.isArray(value) ? value.entries() : isMapping(value) ? Object.entries(value) : [];
  return new Map(
    [...entries].map(([key, child]: [PropertyKey, unknown]) => [
      key,
      { document, path: [...path, key], value: child },
    ]),
  );
}

function mergeHeads(first: Part, second: Part): Part {
  const inherited = [...childrenOf(second)].filter(([key]) => !OWN_KEYS.has(key));
  return mappingOf(first, mergeChildren(childrenOf(first), new Map(inherited), mergeHeadKey));
}

function mergeHeadKey(first: Part, second: Part, key: PropertyKey): Part {
  const both = Array.isArray(first.value) && Array.isArray(second.value);
  return key === "rules" && both ? mergeRules(first, second) : mergeParts(first, second, key);
}

function mergeParts(first: Part, second: Part, key: PropertyKey): Part {
  if (Array.isArray(first.value) && Array.isArray(second.value)) {
    if (WHOLE_LISTS.has(key)) return first;
    return listOf(first, [...childrenOf(first).values(), ...childrenOf(second).values()]);
  }
  if (!isMapping(first.value) || !isMapping(second.value)) return first;
  return mappingOf(first, mergeChildren(childrenOf(first), childrenOf(second), mergeParts));
}

/** A rule takes the place of the inherited one of its kind and name, and takes over the keys that it does not name. */
function mergeRules(first: Part, second: Part): Part {
  const inherited = new Map([...childrenOf(second).values()].map((rule) => [nameOfRule(rule) ?? rule, rule]));
  const own = [...childrenOf(first).values()].map((rule) => {
    const name = nameOfRule(rule) ?? "";
    const base = inherited.get(name);
    if (base === undefined) return rule;
    inherited.delete(name);
    return mergeRule(rule, base);
  });
  return listOf(first, [...own, ...inherited.values()]);
}

const OF_SCHEDULE = ["schedule", "timezone", "catchUp", "spread"];

/** Each way to say when a rule runs, and the keys of the other ways. */
const REPLACED: Readonly<Record<string, readonly string[]>> = {
  every: [...OF_SCHEDULE, "rpo"],
  rpo: [...OF_SCHEDULE, "every"],
  schedule: ["every", "rpo"],
};

function mergeRule(rule: Part, base: Part): Part {
  const own = childrenOf(rule);
  // A rule that says when it runs in one way is not meant to run in the other way as well.
  const replaced = new Set(Object.entries(REPLACED).flatMap(([key, others]) => (own.has(key) ? others : [])));
  const taken = [...childrenOf(base)].filter(([key]) => !replaced.has(String(key)));
  return mappingOf(
    rule,
    mergeChildren(own, new Map(taken), (first) => first),
  );
}

/** `prune host-cache`, or undefined where it is no rule of a known kind; whoever parses it will say so. */
function nameOfRule({ value }: Part): string | undefined {
  const kind = isMapping(value) ? Object.keys(value).find(isKind) : undefined;
  return kind === undefined || !isMapping(value) ? undefined : `${kind} ${String(value[kind])}`;
}

function mergeChildren(
  first: ReadonlyMap<PropertyKey, Part>,
  second: ReadonlyMap<PropertyKey, Part>,
  merge: (first: Part, second: Part, key: PropertyKey) => Part,
): Map<PropertyKey, Part> {
  const merged = new Map(first);
  for (const [key, part] of second) {
    const before = first.get(key);
    merged.set(key, before === undefined ? part : merge(before, part, key));
  }
  return merged;
}

function mappingOf({ document, path }: Part, children: ReadonlyMap<PropertyKey, Part>): Part {
  const value = Object.fromEntries([...children].map(([key, part]) => [key, part.value]));
  return { document, path, value, children };
}

function listOf({ document, path }: Part, parts: readonly Part[]): Part {
  return { document, path, value: parts.map(({ value }) => value), children: new Map(parts.entries()) };
}
