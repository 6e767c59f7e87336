import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { guardrailsFile, stopFilePresent } from "./guardrails-file.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "shipkeeper-guardrails-"));
  file = join(folder, "guardrails.yaml");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("an absent file limits nothing, and one that appears counts from the next look on", () => {
  const read = guardrailsFile(file);
  expect(read().state).toBe("absent");

  writeFileSync(file, "limits: { perRun: { images: 3 } }", { mode: 0o644 });

  expect(read()).toMatchObject({ state: "in-force", guardrails: { limits: { perRun: { images: 3 } } } });
});

test("the same file is read once, a changed one again with another fingerprint", () => {
  writeFileSync(file, "stopFile: /a");
  const read = guardrailsFile(file);
  const first = read();
  expect(read().guardrails).toBe(first.guardrails);

  writeFileSync(file, "stopFile: /b and more");

  const second = read();
  expect(second.guardrails.stopFile).toBe("/b and more");
  expect("sha256" in first && "sha256" in second && first.sha256 !== second.sha256).toBe(true);
});

test.for([
  ["an unknown key", "nevertouch: {}", 0o644, /guardrails\.yaml:1:1: .*neverTouch/],
  ["an empty file", "", 0o644, /is empty/],
  ["broken YAML", "limits: {", 0o644, /guardrails\.yaml:1/],
  ["a file that everybody may write", "stopFile: /a", 0o666, /everybody may write/],
] as const)("%s is broken and says why", ([, text, mode, problem]) => {
  writeFileSync(file, text);
  chmodSync(file, mode);

  const state = guardrailsFile(file)();

  expect(state.state).toBe("broken");
  expect("problem" in state ? state.problem : "").toMatch(problem);
});

test("the brake is pulled by whatever lies at its path, a dangling link included", () => {
  const stop = join(folder, "STOP");
  expect(stopFilePresent(stop)).toBe(false);
  symlinkSync("/nowhere", stop);
  expect(stopFilePresent(stop)).toBe(true);
  expect(stopFilePresent(join(file, "\0"))).toBe(true);
});
