import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { Aftermath, EntryOf } from "@shipkeeper/protocol";
import { expect, test } from "vitest";
import { NOW } from "../../testing/facts.ts";
import { DEAD, HOSTILE, SICK, postMortem } from "../../testing/post-mortems.ts";
import { renderPostMortemPage } from "./render-page.ts";
import { renderPostMortemText } from "./render-text.ts";
import { tellStory, type Told } from "./story.ts";

function told(entry: EntryOf<"post-mortem">, aftermath?: Aftermath): Told {
  const { exitCode, outOfMemory } = entry.evidence;
  return { ...entry, hostId: "h", host: "shop-7", exitCode, outOfMemory, bytes: 1_000, aftermath };
}

const whole = (one: Told) => ({ ...one, ...tellStory(one) });

const HEALED: Aftermath = {
  decision: "restart",
  status: "done",
  startedAt: NOW + 10,
  healed: true,
  healthyAt: NOW + 21 * SECOND_MS,
  downtimeMs: 1_200,
};

test("tells what was wrong, what was done and what came of it in one paragraph", () => {
  expect(tellStory(told(SICK, HEALED)).story).toBe(
    "web-3 (image acme/web:3.1) on shop-7 stopped answering its health check at 01:59:26Z " +
      "(exit 1: “worker is stuck”). 34 s later the agent restarted it and it was down for 1 s; " +
      "it was healthy again at 02:00:21Z.",
  );
});

test.each<[string, Aftermath | undefined, string]>([
  ["nothing known", undefined, "What the agent did then is not known here."],
  [
    "at work",
    { decision: "restart", status: "running" },
    "34 s later the agent began to act; how that ended is not known here yet.",
  ],
  [
    "failed",
    { decision: "kill", status: "failed", error: "no such process" },
    "34 s later the agent tried to help (kill) and failed: no such process.",
  ],
  [
    "in vain",
    { decision: "recreate", status: "done", healed: false, why: "not-healed" },
    "34 s later the agent made it anew from its own configuration; it did not become healthy: not healed.",
  ],
  [
    "too late",
    { decision: "restart", status: "skipped", why: "changed-since-plan" },
    "34 s later the agent left it alone after all: changed since plan.",
  ],
  [
    "cut off",
    { decision: "restart", status: "unknown", sickAt: NOW - MINUTE_MS },
    "60 s later the agent began to act and was cut off; what became of it is not known.",
  ],
])("says how healing went: %s", (_name, aftermath, sentence) => {
  expect(tellStory(told(SICK, aftermath)).story).toContain(sentence);
});

test.each([
  [
    "with a code",
    { exitCode: 3, state: "exited" as const },
    "ended by itself with exit code 3 at 02:00:00Z; nobody had ordered that. When it was looked at it had not been started again.",
  ],
  [
    "by a signal",
    { exitCode: 139, signal: 11, state: "running" as const },
    "was ended by signal 11 (SIGSEGV) at 02:00:00Z; nobody had ordered that. When it was looked at it had been started again.",
  ],
  ["unseen", {}, "It was removed before it could be looked at: only its last event speaks."],
])("says how a container ended: %s", (_name, evidence, sentence) => {
  expect(tellStory(told(postMortem({ evidence }))).story).toContain(sentence);
});

test("says what ended for want of memory, and how often before", () => {
  expect(tellStory(told(DEAD)).story).toBe(
    "import-1 (image acme/import:9) on shop-7 was killed for want of memory (its limit: 64 MB of memory) at 01:59:59Z " +
      "after it had run for 5 min; nobody had ordered that. It had ended 12 more times since its last post-mortem. " +
      "The last line of its log: “reading file 17 of 20”. When it was looked at it had not been started again.",
  );
});

test.each([
  [{}, "Its incident began at 01:59:00Z and is still open."],
  [
    { handedOverAt: NOW },
    "Its incident began at 01:59:00Z, was left to people at 02:00:00Z and is still open.",
  ],
  [
    { closedAt: NOW + MINUTE_MS, ended: "recovered" },
    "Its incident began at 01:59:00Z and ended when it recovered by itself at 02:01:00Z.",
  ],
])("says what became of the incident: %j", (facts, sentence) => {
  const incident = { sickAt: NOW - MINUTE_MS, ...facts };

  expect(tellStory({ ...told(DEAD), incident }).story).toContain(sentence);
});

test("one page tells all of it", async () => {
  await expect(renderPostMortemText(whole(told(SICK, HEALED)))).toMatchFileSnapshot("golden/sick.txt");
  await expect(renderPostMortemPage(whole(told(SICK, HEALED)))).toMatchFileSnapshot("golden/sick.html");
  await expect(renderPostMortemText(whole(told(DEAD)))).toMatchFileSnapshot("golden/dead.txt");
});

test("hostile names and words stay text, on the page and in a terminal", () => {
  const page = renderPostMortemPage(whole(told(HOSTILE)));
  const text = renderPostMortemText(whole(told(HOSTILE)));

  expect(page).not.toMatch(/<script|<img|<iframe|<svg onload|onerror="|<link|https?:\/\/[^&]*"/);
  expect(page).toContain("default-src &#39;none&#39;");
  // eslint-disable-next-line no-control-regex
  const unprintable = /[\u0000-\u0009\u000b-\u001f\u202e]/;
  expect([page.match(unprintable), text.match(unprintable)]).toEqual([null, null]);
  expect(text).toContain("<script>alert");
});
