/** Exceptions, owners and windows as people write them: what is wrong with them, and where. */
import { expect, test } from "vitest";
import { formatProblem, parsePolicy } from "../index.ts";
import { NOW } from "../testing/world.ts";

function problemsOf(text: string): string[] {
  const { problems } = parsePolicy([{ file: "p", text }], { now: NOW });
  return problems.map((problem) => formatProblem(problem).slice(2));
}

test("an exception says what, why, who and until when, of a rule that there is", () => {
  const exceptions = (...entries: string[]) =>
    problemsOf(`policy: p\nhosts: { a: b }\nrules: [{ restart: sick }]\nexceptions:\n${entries.join("\n")}`);
  const rest = "reason: r, owner: o";

  expect(exceptions(`  - { rule: sick, match: { container: "x*" }, ${rest}, until: 2031-03-31 }`)).toEqual(
    [],
  );
  expect(
    exceptions(
      `  - { match: { container: a }, ${rest}, until: 2026-01-01 }`,
      `  - { match: { container: a }, ${rest}, until: 2034-01-01 }`,
      `  - { match: { container: a }, ${rest}, until: 31.3.2031 }`,
      `  - { match: { container: a }, ${rest} }`,
      `  - { match: {}, reason: "", owner: o, until: 2031-03-31 }`,
      `  - { rule: sik, match: { imag: a }, ${rest}, until: 2031-03-31 }`,
    ),
  ).toEqual([
    "7:60: until: expected a date such as 2027-03-31, got 31.3.2031",
    "8:5: until: is missing, expected a date such as 2027-03-31",
    "9:14: match: expected `image`, `container`, `volume`, `host` or several of them, each with a pattern",
    "9:26: reason: expected a text that is not empty, got an empty text",
    "10:27: unknown key `imag`, did you mean `image`?",
  ]);
  expect(
    exceptions(
      `  - { match: { container: a }, ${rest}, until: 2026-01-01 }`,
      `  - { match: { container: a }, ${rest}, until: 2034-01-01 }`,
      `  - { rule: sik, match: { image: a }, ${rest}, until: 2031-03-31 }`,
    ),
  ).toEqual([
    "5:60: until: ended 2026-01-01: renew it with a new date or remove it",
    "6:60: until: expected a date at most two years ahead (2032-02-01 or before), got 2034-01-01",
    "7:13: rule: there is no rule named sik here, did you mean sick?",
  ]);
});

test("an owner who cannot be reached as written is a mistake", () => {
  expect(
    problemsOf(`policy: p
hosts: { a: b }
owners:
  labels: [""]
  map:
    payments:
      match: ["^("]
      mail: payments
      chat: #payments
    shop: { mails: a@b.example }
`),
  ).toEqual([
    "4:12: labels: expected a text that is not empty, got an empty text",
    expect.stringMatching(/^7:15: match: not a regular expression/),
    "8:13: mail: expected a mail address, got payments",
    '9:13: chat: expected a channel such as "#payments", in quotes because # opens a comment, got nothing',
    "10:11: match: is missing, expected a list",
    "10:13: unknown key `mails`, did you mean `mail`?",
  ]);
});

test("windows, catch-up and spread are checked where they stand", () => {
  expect(
    problemsOf(`policy: p
hosts: { a: b }
rules:

  - prune: a
    every: 1h
    catchUp: sometimes
    windows: [{ days: Mon-Fryday, from: "1:00", to: "25:00", timezone: Europe/Viena }, { from: "03:00", to: "03:00" }]
    images: {}
  - restart: b
    windows: []
  - prune: c
    every: 1h
    spread: 1h
    images: {}
`),
  ).toEqual([
    "7:14: catchUp: expected always, never or a duration such as 6h, got sometimes",
    "8:23: days: expected days such as Mon-Fri or Sat,Sun, got Mon-Fryday",
    "8:41: from: expected a time of day such as 01:00, got 1:00",
    "8:53: to: expected a time of day such as 01:00, got 25:00",
    "8:72: timezone: expected a time zone (did you mean Europe/Vienna?), got Europe/Viena",
    "8:88: windows: `from` and `to` are the same: it never opens",
    "11:14: windows: an empty list never opens; leave the key out, or write [{}] for always, got an empty list",
    "12:5: `spread` needs a `schedule`",
  ]);
});
