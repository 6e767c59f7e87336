import { expect, onTestFinished, test } from "vitest";
import { inventoryEntry, NOW } from "../testing/facts.ts";
import { standingEntry } from "../testing/standing.ts";
import { startTestCollector } from "../testing/test-collector.ts";
import { keepLargest } from "./largest.ts";
import { openPreviewDesk } from "./preview-desk.ts";
import { PreviewGivenUp } from "./preview-fleet.ts";

const ASKED = { policies: [], hostId: undefined, owner: undefined, explain: undefined, limit: 10 };

async function fleetOf(hosts: number) {
  const collector = await startTestCollector();
  onTestFinished(() => collector.close());
  for (let index = 0; index < hosts; index += 1) {
    const agent = await collector.enrolHost(`web-${index}`);
    await agent.tell(inventoryEntry(), standingEntry());
  }
  return openPreviewDesk({ store: collector.store, now: () => NOW });
}

test("other work of the collector goes on between two hosts", async () => {
  const desk = await fleetOf(5);
  let turns = 0;
  const count = () => {
    turns += 1;
    turn = setImmediate(count);
  };
  let turn = setImmediate(count);

  await desk.preview({ ...ASKED, signal: new AbortController().signal });
  clearImmediate(turn);

  expect(turns).toBeGreaterThanOrEqual(5);
});

test("who goes away, or a collector that stops, ends a preview, and the next one still has its turn", async () => {
  const desk = await fleetOf(2);
  const gone = new AbortController();
  const given = desk.preview({ ...ASKED, signal: gone.signal });
  const next = desk.preview({ ...ASKED, signal: new AbortController().signal });
  gone.abort();

  await expect(given).rejects.toThrow(PreviewGivenUp);
  expect((await next).hosts.judged).toBe(2);

  desk.close();
  await expect(desk.preview({ ...ASKED, signal: new AbortController().signal })).rejects.toThrow(
    PreviewGivenUp,
  );
});

test("the largest of a long list are kept, in bounded room and in their order", () => {
  const largest = keepLargest<number>(3, (a, b) => b - a);
  for (let index = 0; index < 1_000; index += 1) largest.add((index * 617) % 1_000);

  expect(largest.result()).toEqual([999, 998, 997]);
});
