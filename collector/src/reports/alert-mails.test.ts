import { HOUR_MS, MINUTE_MS } from "@shipkeeper/kit";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore, type Store } from "../store/store.ts";
import type { Alert } from "../store/alerts.ts";
import { NOW } from "../testing/facts.ts";
import { queueAlertMails } from "./alert-mails.ts";
import { mailQueue, type DueMail } from "./mail-queue.ts";

let store: Store;
beforeEach(() => {
  store = openStore(":memory:");
});
afterEach(() => store.close());

const OWNERS = [
  { owner: "payments", mail: "pay@acme.example" },
  { owner: "search", mail: "search@acme.example" },
  { owner: "platform" },
];

const alert = (id: string, facts: Partial<Alert> = {}): Alert => ({
  id,
  key: id,
  kind: "handed-over",
  severity: "high",
  owner: "payments",
  subject: id,
  title: `${id} on web-1 is sick`,
  why: "its <health> check fails",
  openedAt: NOW,
  dueAt: NOW + HOUR_MS,
  count: 1,
  ...facts,
});

/** The mails of one look: to whom, and their subjects. */
async function mailed(now: number, operators: readonly string[] = []): Promise<string[]> {
  return (await mails(now, operators)).map(({ recipient, subject }) => `${recipient}: ${subject}`).toSorted();
}

async function mails(now: number, operators: readonly string[] = []): Promise<DueMail[]> {
  const queue = mailQueue(store.db);
  const publicUrl = "https://ships.acme.example";
  const { alerts, transaction } = store;
  const owners = async () => OWNERS;
  await queueAlertMails({ alerts, queue, transaction, owners, operators, publicUrl }, now);
  const due = queue.due(now, 1_000);
  for (const { key } of due) queue.recordSent(key, now);
  return due;
}

test("an alert is mailed once when it is there, and once when nobody took it on in time", async () => {
  store.alerts.put(alert("shop"));

  const [mail] = await mails(NOW);
  expect(mail).toMatchObject({ recipient: "pay@acme.example", subject: "[high] shop on web-1 is sick" });
  expect(mail?.plain).toContain("to be taken on by 2030-01-31 03:00Z");
  expect(mail?.plain).toContain("shipkeeper alerts ack shop");
  expect(mail?.html).toContain("its &lt;health&gt; check fails");
  expect(await mailed(NOW + MINUTE_MS)).toEqual([]);

  expect(await mailed(NOW + HOUR_MS + 1)).toEqual([
    "pay@acme.example: [high, overdue] shop on web-1 is sick",
  ]);
  expect(await mailed(NOW + HOUR_MS + 2)).toEqual([]);
});

test("what gets worse is mailed again, what comes back or is taken on is not", async () => {
  const medium = alert("shop", { severity: "medium", dueAt: NOW + 4 * HOUR_MS });
  store.alerts.put(medium);
  expect(await mailed(NOW)).toHaveLength(1);
  store.alerts.put({ ...medium, resolvedAt: NOW + 1 });
  store.alerts.put({ ...medium, count: 2 });
  expect(await mailed(NOW + 2)).toEqual([]);

  store.alerts.put(alert("shop", { count: 2 }));
  expect(await mailed(NOW + 3)).toEqual(["pay@acme.example: [high] shop on web-1 is sick"]);
  store.alerts.acknowledge("shop", { at: NOW + 4, by: "ada" });
  expect(await mailed(NOW + 2 * HOUR_MS)).toEqual([]);
});

test.each<[name: string, facts: Partial<Alert>, operators: string[], to: string[]]>([
  ["urgent, with an owner", {}, ["ops@acme.example"], ["ops@acme.example", "pay@acme.example"]],
  ["less urgent, with an owner", { severity: "medium" }, ["ops@acme.example"], ["pay@acme.example"]],
  [
    "less urgent, of an owner without an address",
    { severity: "medium", owner: "platform" },
    ["ops@x.y"],
    ["ops@x.y"],
  ],
  ["urgent, and nobody's", { owner: undefined }, [], ["pay@acme.example", "search@acme.example"]],
  ["less urgent, and nobody's", { owner: undefined, severity: "medium" }, [], []],
  ["not severe", { severity: "low" }, ["ops@acme.example"], []],
])("an alert that is %s goes to the right people", async (_name, facts, operators, to) => {
  store.alerts.put(alert("shop", facts));

  const told = await mails(NOW, operators);

  expect(told.map(({ recipient }) => recipient).toSorted()).toEqual(to);
});

test("many alerts at once are one mail to each, and what follows is gathered for five minutes", async () => {
  for (let place = 0; place < 100; place += 1)
    store.alerts.put(alert(`c${place}`, { owner: place % 2 === 0 ? "payments" : "search" }));

  expect(await mailed(NOW)).toEqual([
    "pay@acme.example: [high] 50 alerts",
    "search@acme.example: [high] 50 alerts",
  ]);
  for (let place = 100; place < 110; place += 1) store.alerts.put(alert(`c${place}`));
  expect(await mailed(NOW + MINUTE_MS)).toEqual([]);
  expect(await mailed(NOW + 6 * MINUTE_MS)).toEqual(["pay@acme.example: [high] 10 alerts"]);
});

test("a trickle of alerts is bounded, too", async () => {
  let count = 0;
  for (let place = 0; place < 100; place += 1) {
    store.alerts.put(alert(`c${place}`));
    count += (await mailed(NOW + place * 1_000)).length;
  }

  // Twenty one by one, then one digest, and the rest waits.
  expect(count).toBe(21);
});
