/**
 * Mails the report to the owners that the policy names with an address: on schedule, and when somebody asks. Mails wait
 * on disk, so a server that is down delays them; an occurrence is queued once, whatever restarts in between.
 */
import {
  DAY_MS,
  HOUR_MS,
  InvalidInput,
  MINUTE_MS,
  backoffMs,
  errorChain,
  type Clock,
  type Instant,
} from "@shipkeeper/kit";
import { startLoop, type Logger, type Service } from "@shipkeeper/runtime";
import { Cron } from "croner";
import type { GatherFacts } from "./fleet-facts.ts";
import { fleetReport, ownerReport } from "./fleet-report.ts";
import type { DueMail, MailQueue, QueuedMail } from "./mail-queue.ts";
import type { SendMail } from "./mail.ts";
import { composeReportMail } from "./render-mail.ts";

export interface ReportMailDeps {
  readonly queue: MailQueue;
  /** Undefined where no mail server is configured. */
  readonly send: SendMail | undefined;
  readonly schedule: string;
  readonly timezone: string;
  readonly gather: GatherFacts;
  /** By the owner map of the policy in force. */
  readonly owners: () => Promise<readonly { owner?: string | undefined; mail?: string | undefined }[]>;
  /** Where the whole report can be read. */
  readonly publicUrl: string | undefined;
  readonly now: Clock;
  readonly log: Logger;
}

export interface Addressee {
  readonly owner: string;
  readonly mail: string;
}

export interface ReportMail extends Service {
  /** Queues the report now. Throws `InvalidInput` where no server is configured, or `to` has no address. */
  sendNow(to?: string): Promise<Addressee[]>;
  /** Looks at once whether something is due. */
  nudge(): void;
}

const BACKOFF = { firstMs: MINUTE_MS, mostMs: HOUR_MS };
/** A report of last week helps nobody any more. */
const KEPT_MS = 7 * DAY_MS;
/** Long enough to prove what was sent. */
const PROOF_MS = 60 * DAY_MS;
/** A report that came due while the collector was off is still sent this much later. */
const CATCH_UP_MS = DAY_MS;
/** How far back a mail tells what was done. */
const SPAN_MS = 7 * DAY_MS;
const MAILS_A_TURN = 20;
const TURN_MS = MINUTE_MS;
const REPORT = "fleet";

export function startReportMail(deps: ReportMailDeps): ReportMail {
  const { queue, send, now, log } = deps;
  const schedule = new Cron(deps.schedule, { paused: true, timezone: deps.timezone });
  // A collector that was installed on Tuesday does not owe Monday's report.
  if (queue.plannedThrough(REPORT) === undefined) queue.addOccurrence(REPORT, now(), []);

  const loop = startLoop({
    name: "report mail",
    log,
    retryMs: TURN_MS,
    async turn(signal) {
      if (send === undefined) return HOUR_MS;
      await queueOccurrence(deps, dueOccurrence(schedule, queue.plannedThrough(REPORT) ?? now(), now()));
      await deliverDue(deps, send, signal);
      queue.forgetSettledBefore(now() - PROOF_MS);
      const nextMs = (queue.nextDueAt() ?? Infinity) - now();
      return Math.max(0, Math.min(TURN_MS, nextMs));
    },
  });

  return {
    name: loop.name,
    stop: () => loop.stop(),
    nudge: () => loop.nudge(),
    async sendNow(to) {
      if (send === undefined)
        throw new InvalidInput("no mail server is configured: set mail.smtp and mail.from", []);
      const addressees = await readAddressees(deps, to);
      if (to !== undefined && addressees.length === 0) {
        throw new InvalidInput(`no policy in force names a mail address for ${to}`, []);
      }
      queue.add(await compose(deps, addressees, `asked/${new Date(now()).toISOString()}`));
      loop.nudge();
      return addressees;
    },
  };
}

/** The newest time that the schedule has come due since `plannedThrough`; missed ones before it are one with it. */
export function dueOccurrence(schedule: Cron, plannedThrough: Instant, now: Instant): Instant | undefined {
  // Asked from just after now, because a run at exactly this moment is due.
  const latest = schedule.previousRuns(2, new Date(now + 1_000)).map((run) => run.getTime());
  const occurrence = latest.find((run) => run <= now);
  if (occurrence === undefined || occurrence <= plannedThrough) return undefined;
  return now - occurrence <= CATCH_UP_MS ? occurrence : undefined;
}

async function queueOccurrence(deps: ReportMailDeps, occurrence: Instant | undefined): Promise<void> {
  if (occurrence === undefined) return;
  const addressees = await readAddressees(deps, undefined);
  const mails = await compose(deps, addressees, `scheduled/${new Date(occurrence).toISOString()}`);
  const queued = deps.queue.addOccurrence(REPORT, occurrence, mails);
  deps.log.info({ mails: queued.length }, "queued the scheduled report");
}

async function readAddressees({ owners }: ReportMailDeps, only: string | undefined): Promise<Addressee[]> {
  const known = await owners();
  return known.flatMap(({ owner, mail }) =>
    owner === undefined || mail === undefined || (only !== undefined && owner !== only)
      ? []
      : [{ owner, mail }],
  );
}

async function compose(
  deps: ReportMailDeps,
  addressees: readonly Addressee[],
  occurrence: string,
): Promise<QueuedMail[]> {
  if (addressees.length === 0) return [];
  const at = deps.now();
  const facts = await deps.gather(at - SPAN_MS, at);
  const fleet = fleetReport(facts, at);
  return addressees.map(({ owner, mail }) => ({
    key: `${REPORT}/${occurrence}/${owner}`,
    owner,
    recipient: mail,
    queuedAt: at,
    ...composeReportMail({ own: ownerReport(facts, owner, at), fleet, publicUrl: deps.publicUrl }),
  }));
}

/** One after the other: a mail that fails waits its own time and holds up no other. */
async function deliverDue(
  { queue, now, log }: ReportMailDeps,
  send: SendMail,
  signal: AbortSignal,
): Promise<void> {
  for (const mail of queue.due(now(), MAILS_A_TURN)) {
    if (signal.aborted) return;
    try {
      await send(mail);
      queue.recordSent(mail.key, now());
    } catch (error) {
      recordFailure(mail, errorChain(error));
    }
  }

  function recordFailure({ key, owner, failures, queuedAt }: DueMail, error: string): void {
    const at = now();
    queue.recordFailure(key, { until: at + backoffMs(BACKOFF, failures + 1), error });
    if (at - queuedAt > KEPT_MS) {
      queue.recordGivenUp(key, at);
      log.error({ owner, error }, "gave up a report mail after seven days");
    } else {
      log.warn({ owner, error, failures: failures + 1 }, "a report mail was not taken and waits");
    }
  }
}
