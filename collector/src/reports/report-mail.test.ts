import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { HOUR_MS, MINUTE_MS, days } from "@shipkeeper/kit";
import { openDatabase, silentLog } from "@shipkeeper/runtime";
import { Cron } from "croner";
import PostalMime, { type Email } from "postal-mime";
import { SMTPServer } from "smtp-server";
import { afterEach, expect, test, vi } from "vitest";
import { migrations } from "../migrations/index.ts";
import { mailQueue } from "./mail-queue.ts";
import { smtpSender } from "./mail.ts";
import { dueOccurrence, startReportMail, type ReportMailDeps } from "./report-mail.ts";
import { NOW, SAMPLE_FACTS } from "./testing/sample-facts.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** A real mail server on a free port; what it took can be read. */
async function startMailServer(port = 0) {
  const mails: Email[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS", "AUTH"],
    onData(stream, _session, done) {
      buffer(stream)
        .then((bytes) => PostalMime.parse(bytes))
        .then((mail) => {
          mails.push(mail);
          done();
        })
        .catch(done);
    },
  });
  server.listen(port, "127.0.0.1");
  await once(server.server, "listening");
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  closing.push(close);
  return { mails, port: (server.server.address() as AddressInfo).port, close };
}

/** Thursday at seven. */
const DUE_AT = NOW + HOUR_MS;
const SCHEDULE = "0 7 * * 4";
const OWNERS = [
  { owner: "payments", mail: "pay@acme.example" },
  { owner: "platform" },
  { mail: "nobody@acme.example" },
];

function openQueue() {
  const db = openDatabase(":memory:", migrations);
  closing.push(() => db.close());
  return mailQueue(db);
}

/** The service with a clock that stands still until it is moved. */
function start(overrides: Partial<ReportMailDeps> & Pick<ReportMailDeps, "queue" | "send">) {
  const clock = { at: NOW };
  const open = () => {
    const service = startReportMail({
      schedule: SCHEDULE,
      timezone: "UTC",
      gather: async () => SAMPLE_FACTS,
      owners: async () => OWNERS,
      publicUrl: "https://ships.acme.example",
      now: () => clock.at,
      log: silentLog,
      ...overrides,
    });
    closing.push(() => service.stop());
    return service;
  };
  return { clock, open };
}

test("an owner gets their own part first, then the fleet, as HTML and as text", async () => {
  const server = await startMailServer();
  const send = smtpSender({
    smtp: `smtp://127.0.0.1:${server.port}`,
    from: "Shipkeeper <ships@acme.example>",
  });
  const service = start({ queue: openQueue(), send }).open();

  const queued = await service.sendNow();
  await vi.waitUntil(() => server.mails.length === 1);

  const [mail] = server.mails;
  expect(queued).toEqual([{ owner: "payments", mail: "pay@acme.example" }]);
  expect(mail?.to?.[0]).toMatchObject({ address: "pay@acme.example" });
  expect(mail?.subject).toBe("Fleet report for payments: 3 things to do now");
  expect(mail?.html?.indexOf("Look after checkout")).toBeLessThan(
    mail?.html?.indexOf("The whole fleet") ?? 0,
  );
  expect(mail?.html).toContain("https://ships.acme.example/api/v1/reports/fleet?format=html");
  expect(mail?.text).toContain("The whole fleet: 3 of 4 hosts reported");
});

test("a mail server that is down delays a mail, and then gets it once", async () => {
  const down = await startMailServer();
  await down.close();
  const queue = openQueue();
  const send = smtpSender({ smtp: `smtp://127.0.0.1:${down.port}`, from: "ships@acme.example" });
  const { clock, open } = start({ queue, send });
  const service = open();

  await service.sendNow("payments");
  await vi.waitUntil(() => queue.nextDueAt() === clock.at + MINUTE_MS);
  const server = await startMailServer(down.port);
  await service.stop();
  clock.at += MINUTE_MS;
  open();
  await vi.waitUntil(() => server.mails.length > 0 && queue.nextDueAt() === undefined);

  expect(server.mails).toHaveLength(1);
});

test("the waits between tries grow to an hour, and after seven days a mail is given up", async () => {
  const queue = openQueue();
  const tries: number[] = [];
  const { clock, open } = start({
    queue,
    schedule: "0 7 1 6 *", // far away: only the mail that is asked for
    async send() {
      tries.push(clock.at);
      throw new Error("no");
    },
  });
  const service = open();
  await service.sendNow();
  const startedAt = clock.at;

  while (queue.nextDueAt() !== undefined) {
    await vi.waitUntil(() => (queue.nextDueAt() ?? Infinity) > clock.at, { interval: 1 });
    clock.at = queue.nextDueAt() ?? clock.at;
    service.nudge();
  }

  const waits = tries.slice(1).map((at, place) => (at - (tries[place] ?? 0)) / MINUTE_MS);
  expect(waits.slice(0, 8)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  expect(tries.filter((at) => at < startedAt + days(1)).length).toBeLessThan(35);
  expect(clock.at - startedAt).toBeGreaterThan(days(7));
});

test("an occurrence of the schedule is queued once, whatever restarts", async () => {
  const sent: string[] = [];
  const { clock, open } = start({
    queue: openQueue(),
    send: async ({ key }) => void sent.push(key),
  });
  await open().stop();

  clock.at = DUE_AT;
  for (let restart = 0; restart < 3; restart += 1) {
    const service = open();
    await vi.waitUntil(() => sent.length > 0);
    await service.stop();
  }

  expect(sent).toEqual(["fleet/scheduled/2030-01-31T07:00:00.000Z/payments"]);
});

test("a collector owes no report from before it was installed, or from longer than a day ago", () => {
  const schedule = new Cron(SCHEDULE, { paused: true, timezone: "UTC" });
  const due = (plannedThrough: number, now: number) => dueOccurrence(schedule, plannedThrough, now);

  expect(due(DUE_AT - days(7), DUE_AT)).toBe(DUE_AT);
  expect(due(DUE_AT - days(7), DUE_AT - 1)).toBeUndefined();
  expect(due(DUE_AT - days(7), DUE_AT + days(1))).toBe(DUE_AT);
  expect(due(DUE_AT - days(7), DUE_AT + days(1) + 1)).toBeUndefined();
  expect(due(DUE_AT + 1, DUE_AT + HOUR_MS)).toBeUndefined();
});

test("who cannot be reached is told at once, not by silence", async () => {
  const unconfigured = start({ queue: openQueue(), send: undefined }).open();
  const configured = start({ queue: openQueue(), send: async () => {} }).open();

  await expect(unconfigured.sendNow()).rejects.toThrow(
    "no mail server is configured: set mail.smtp and mail.from",
  );
  await expect(configured.sendNow("platform")).rejects.toThrow("names a mail address for platform");
});
