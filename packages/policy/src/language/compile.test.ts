import { days } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import {
  compileBundle,
  ownersFor,
  parsePolicy,
  policyBundleSchema,
  postMortemTerms,
  rulesFor,
} from "../index.ts";
import { NOW } from "../testing/world.ts";

const policy = (name: string, selector: string) => `
policy: ${name}
hosts: ${selector}
owners: { labels: [${name}.owner, owner], map: { shop: { match: ["${name}/*"] } } }
rules: [{ restart: ${name}-sick }]
`;
const VALIDITY = { revision: 3, issuedAt: NOW, expiresAt: NOW + days(90) };

function bundleOf(...texts: string[]) {
  const { policies, problems } = parsePolicy(
    texts.map((text, index) => ({ file: `${index}`, text })),
    { now: NOW },
  );
  expect(problems).toEqual([]);
  return compileBundle(policies, VALIDITY);
}

const WEB = policy("web", "{ role: web }");
const ALL = policy("all", '{ role: "*" }');

test("the same policies make the same bundle in whatever order their files are read", () => {
  expect(bundleOf(WEB, ALL)).toEqual(bundleOf(ALL, WEB));
});

test("a bundle survives being written and read again", () => {
  const bundle = bundleOf(WEB, ALL);

  expect(policyBundleSchema.parse(JSON.parse(JSON.stringify(bundle)))).toEqual(bundle);
});

test("a host gets the rules of every policy that selects it, and a host without labels none", () => {
  const bundle = bundleOf(WEB, ALL);
  const names = (labels: Record<string, string>) => rulesFor(bundle, labels).map(({ rule }) => rule.name);

  expect(names({ role: "web" })).toEqual(["all-sick", "web-sick"]);
  expect(names({ role: "db" })).toEqual(["all-sick"]);
  expect(names({})).toEqual([]);
});

test("owners come from all policies of the host; where two map one name, the first counts", () => {
  expect(ownersFor(bundleOf(WEB, ALL), { role: "web" })).toEqual({
    labels: ["all.owner", "owner", "web.owner"],
    map: { shop: { match: ["all/*"] } },
  });
});

test("post-mortems are kept for the longest of the host's times, with the fewest lines", () => {
  const saying = (name: string, role: string, says: string) => `
policy: ${name}
hosts: { role: "${role}" }
${says}`;
  const bundle = bundleOf(
    saying("plain", "*", ""),
    saying("web", "web", "postMortems: { keep: 90d, logLines: 50 }"),
    saying("wide", "w*", "postMortems: { keep: 7d, logLines: 500 }"),
  );

  expect(postMortemTerms(bundle, { role: "db" })).toEqual({ keepMs: days(30), logLines: 200 });
  expect(postMortemTerms(bundle, { role: "wide" })).toEqual({ keepMs: days(7), logLines: 500 });
  expect(postMortemTerms(bundle, { role: "web" })).toEqual({ keepMs: days(90), logLines: 50 });
});

test("a compiled rule reads back as the rule that was written", () => {
  const text =
    "policy: p\nhosts: { a: b }\nrules: [{ prune: x, every: 90s, images: { unusedFor: 36h }, limits: { bytes: 0B } }]";

  const [first] = parsePolicy([{ file: "p", text }], { now: NOW }).policies;

  expect(first?.rules[0]).toMatchObject({
    schedule: { everyMs: 90_000 },
    spec: { images: { unusedFor: "36h" }, limits: { bytes: "0B" } },
  });
});

test("a bundle that says nothing of compliance asks for nothing", () => {
  const policy = { name: "p", hosts: { a: "b" }, owners: { labels: [], map: {} }, exceptions: [], rules: [] };
  const bundle = { format: 1, revision: 1, issuedAt: 0, expiresAt: 1, policies: [policy] };

  expect(policyBundleSchema.parse(bundle).policies).toEqual([{ ...policy, checks: [], waivers: [] }]);
});
