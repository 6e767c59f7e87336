import { expect, test } from "vitest";
import { fleetReport } from "./fleet-report.ts";
import { markup } from "./html/template.ts";
import { renderHtml } from "./render-html.ts";
import { HOSTILE_FACTS, NOW, SAMPLE_FACTS } from "./testing/sample-facts.ts";

test("whatever is put into a template is text, unless a template made it", () => {
  const name = `<b onclick="x('y')">&`;

  expect(markup`<i title="${name}">${[name, markup`<u>${1}</u>`, undefined, false]}</i>`.toString()).toBe(
    `<i title="&lt;b onclick=&quot;x(&#39;y&#39;)&quot;&gt;&amp;">` +
      `&lt;b onclick=&quot;x(&#39;y&#39;)&quot;&gt;&amp;<u>1</u></i>`,
  );
});

test("hostile names stay text, and short", () => {
  const page = renderHtml(fleetReport(HOSTILE_FACTS, NOW));

  expect(page).not.toMatch(/<script|<img|onerror="/);
  // eslint-disable-next-line no-control-regex
  expect(page.match(/[\u0000-\u0009\u000b-\u001f\u202e]/)).toBeNull();
  expect(page.length).toBeLessThan(200_000);
});

test("the page asks for nothing and runs nothing", () => {
  const page = renderHtml(fleetReport(SAMPLE_FACTS, NOW));

  expect(page).toContain("default-src &#39;none&#39;");
  expect(page).not.toMatch(/<script|<link|<img|@import|url\(|https?:/);
});
