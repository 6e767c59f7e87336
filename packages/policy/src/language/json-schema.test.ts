import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { languageKeys, policySchemaJson } from "../index.ts";

const PAGE = readFileSync(new URL("../../../../docs/policy-language.md", import.meta.url), "utf8");

/** What the tables of the page say of every key, without the marks of the page's format. */
const MEANINGS = new Map(
  PAGE.split(/^## /m).flatMap((section) => {
    const part = /^[a-z]+/i.exec(section)?.[0].toLowerCase() ?? "";
    return [...section.matchAll(/^\| `([^`]+)` +\|[^|]*\|(.*)\|$/gm)].map(
      ([, key = "", meaning = ""]): [string, string] => [
        `${part} ${key}`,
        meaning.trim().replace(/\[([^\]]*)\]\([^)]*\)/g, "$1"),
      ],
    );
  }),
);

const schema = policySchemaJson((part, key) => MEANINGS.get(`${part} ${key}`));

/** Rewritten with `pnpm exec vitest run --project unit packages/policy/src/language/json-schema.test.ts -u`. */
test("the published schema is the one of this language (rewrite it with vitest -u)", async () => {
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot(
    "../../../../docs/policy.schema.json",
  );
});

interface Node {
  readonly properties?: Record<string, Node>;
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly additionalProperties?: Node;
  readonly description?: string;
}

/** The node of a dotted key, in whatever alternative has it. */
function find(node: Node, [step, ...rest]: readonly string[]): Node | undefined {
  if (step === undefined) return node;
  const candidates = [node, ...(node.anyOf ?? []), ...(node.items === undefined ? [] : [node.items])];
  for (const candidate of candidates) {
    const next = candidate.properties?.[step];
    const found = next === undefined ? undefined : find(next, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

test("every key of policies and rules is in the schema, with what the page says of it", () => {
  const { guardrails: _, hook: __, window: ___, probe, ...parts } = languageKeys();
  const root = JSON.parse(JSON.stringify(schema)) as Node & { $defs: { rule: Node } };
  const odd = Object.entries(parts).flatMap(([part, keys]) => {
    const top = ["policy", "compliance", "logs"].includes(part) ? root : root.$defs.rule;
    return keys
      .filter((key) => find(top, key.split("."))?.description === undefined)
      .map((key) => `${part}: ${key}`);
  });

  expect(odd).toEqual([]);
  const probes = find(root.$defs.rule, ["probes"])?.additionalProperties;
  expect(probe?.filter((key) => find(probes ?? {}, key.split("."))?.description === undefined)).toEqual([]);
});

test("what no rule knows has no place in the schema", () => {
  const rules = (JSON.parse(JSON.stringify(schema)) as { $defs: { rule: { anyOf: object[] } } }).$defs.rule
    .anyOf;

  expect(rules).toMatchObject(rules.map(() => ({ additionalProperties: false })));
});
