/** The report's page in a real browser: nothing runs, nothing is fetched, nothing sticks out, on a phone and on a desk. */
import { chromium, type Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fleetReport } from "../collector/src/reports/fleet-report.ts";
import { renderPostMortemPage } from "../collector/src/reports/post-mortem/render-page.ts";
import { tellStory } from "../collector/src/reports/post-mortem/story.ts";
import { renderHtml } from "../collector/src/reports/render-html.ts";
import { composeReportMail } from "../collector/src/reports/render-mail.ts";
import { HOSTILE_FACTS, NOW, SAMPLE_FACTS } from "../collector/src/reports/testing/sample-facts.ts";
import { HOSTILE, SICK } from "../collector/src/testing/post-mortems.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
});
afterAll(() => browser.close());

const hostile = fleetReport(HOSTILE_FACTS, NOW);
const postMortem = (entry: typeof SICK) => {
  const { exitCode, outOfMemory } = entry.evidence;
  const told = { ...entry, hostId: "h", host: "shop-7", exitCode, outOfMemory, bytes: 1_000 };
  return renderPostMortemPage({ ...told, ...tellStory(told) });
};

const PAGES = {
  "a post-mortem": postMortem(SICK),
  "a hostile post-mortem": postMortem(HOSTILE),
  "an ordinary fleet": renderHtml(fleetReport(SAMPLE_FACTS, NOW)),
  "a hostile fleet": renderHtml(hostile),
  "a mail about a hostile fleet": composeReportMail({ own: hostile, fleet: hostile, publicUrl: undefined })
    .html,
};

for (const [name, html] of Object.entries(PAGES)) {
  for (const width of [360, 1280]) {
    test(`${name} fits into ${width} pixels, runs nothing and fetches nothing`, async () => {
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      const fetched: string[] = [];
      page.on("request", (request) => fetched.push(request.url()));
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("dialog", (dialog) => {
        complaints.push(dialog.message());
        void dialog.dismiss();
      });

      await page.setContent(html, { waitUntil: "load" });
      const seen = await page.evaluate<{ scrollWidth: number; pwned: string; title: string }>(`({
        scrollWidth: document.documentElement.scrollWidth,
        pwned: typeof globalThis.pwned,
        title: document.title,
      })`);
      await page.close();

      expect(seen).toEqual({
        scrollWidth: width,
        pwned: "undefined",
        title: expect.stringMatching(/^(Fleet report|Post-mortem)/),
      });
      expect(fetched).toEqual([]);
      expect(complaints).toEqual([]);
    });
  }
}
