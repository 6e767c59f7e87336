/**
 * Mails alerts at once: one mail when an alert is there, one when nobody took it on in time. Many alerts within a short
 * time go together, because a hundred mails are read by nobody. Whom to tell is decided here, delivery is the mail queue's.
 */
import { formatInstant, HOUR_MS, MINUTE_MS, printable, printableLines, type Instant } from "@shipkeeper/kit";
import type { Alerts, AlertToMail } from "../store/alerts.ts";
import { markup, type Markup } from "./html/template.ts";
import type { MailQueue, QueuedMail } from "./mail-queue.ts";
import { counted } from "./wording.ts";

export interface AlertMailDeps {
  readonly alerts: Pick<Alerts, "toMail" | "noteMailed">;
  readonly queue: Pick<MailQueue, "add" | "queuedSince">;
  readonly transaction: <T>(work: () => T) => T;
  /** By the owner map of the policy in force. */
  readonly owners: () => Promise<readonly { owner?: string | undefined; mail?: string | undefined }[]>;
  /** Addresses of those who answer for the fleet. */
  readonly operators: readonly string[];
  readonly publicUrl: string | undefined;
}

/** More news than this at once are one mail to each. */
const MOST_SINGLE = 3;
/** More mails than this within an hour, and what follows is gathered for `GATHER_MS`. */
const MOST_MAILS_AN_HOUR = 20;
const GATHER_MS = 5 * MINUTE_MS;
const MOST_NEWS = 200;

/** Queues what there is to tell; returns how many mails. Told once, whatever restarts in between. */
export async function queueAlertMails(deps: AlertMailDeps, now: Instant): Promise<number> {
  const { alerts, queue } = deps;
  const news = await alerts.toMail(now, MOST_NEWS);
  if (news.length === 0) return 0;

  const isMany = news.length > MOST_SINGLE || queue.queuedSince("alert", now - HOUR_MS) >= MOST_MAILS_AN_HOUR;
  if (isMany && queue.queuedSince("alerts", now - GATHER_MS) > 0) return 0;

  const owners = await deps.owners();
  const recipientsOf = (alert: AlertToMail) => recipients(alert, owners, deps.operators);
  const mails = isMany
    ? [...byRecipient(news, recipientsOf)].map(([to, some]) => digest(to, some, now, deps.publicUrl))
    : news.flatMap((alert) => recipientsOf(alert).map((to) => single(to, alert, now, deps.publicUrl)));
  return deps.transaction(() => {
    const queued = queue.add(mails);
    for (const alert of news) alerts.noteMailed(alert.id, alert);
    return queued.length;
  });
}

/**
 * The owner, and for what is urgent also those who answer for the fleet. What is urgent and would reach nobody that way
 * reaches everybody who gets the report; what is not severe at all waits for the report.
 */
function recipients(
  { severity, owner }: AlertToMail,
  owners: Awaited<ReturnType<AlertMailDeps["owners"]>>,
  operators: readonly string[],
): string[] {
  if (severity === "low") return [];
  const isUrgent = severity === "critical" || severity === "high";
  const own = owners.flatMap((one) => (one.owner === owner && owner !== undefined ? (one.mail ?? []) : []));
  const told = [...own, ...(isUrgent || own.length === 0 ? operators : [])];
  const everybody = owners.flatMap(({ mail }) => mail ?? []);
  return [...new Set(told.length === 0 && isUrgent ? everybody : told)];
}

function byRecipient(
  news: readonly AlertToMail[],
  recipientsOf: (alert: AlertToMail) => readonly string[],
): ReadonlyMap<string, readonly AlertToMail[]> {
  const grouped = new Map<string, AlertToMail[]>();
  for (const alert of news) {
    for (const to of recipientsOf(alert)) grouped.set(to, [...(grouped.get(to) ?? []), alert]);
  }
  return grouped;
}

function single(to: string, alert: AlertToMail, now: Instant, publicUrl: string | undefined): QueuedMail {
  const { id, severity, mail, dueAt, title, owner = "" } = alert;
  return {
    key: `alert/${id}/${mail}/${severity}/${dueAt}/${to}`,
    owner,
    recipient: to,
    subject: printable(`[${mail === "overdue" ? `${severity}, overdue` : severity}] ${title}`, 200),
    ...bodies([alert], publicUrl),
    queuedAt: now,
  };
}

function digest(
  to: string,
  some: readonly AlertToMail[],
  now: Instant,
  publicUrl: string | undefined,
): QueuedMail {
  const worst = some[0]?.severity ?? "low";
  return {
    key: `alerts/${new Date(now).toISOString()}/${to}`,
    owner: "",
    recipient: to,
    subject: `[${worst}] ${counted(some.length, "alert")}`,
    ...bodies(some, publicUrl),
    queuedAt: now,
  };
}

function bodies(
  some: readonly AlertToMail[],
  publicUrl: string | undefined,
): { html: string; plain: string } {
  const where = publicUrl === undefined ? "" : `\n${publicUrl}\n`;
  return {
    plain: `${some.map(inText).join("\n\n")}\n${where}`,
    html: markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Alerts</title></head>
<body style="font-family:system-ui,sans-serif;max-width:640px;line-height:1.45;overflow-wrap:anywhere">
${some.map(inHtml)}
${publicUrl === undefined ? undefined : markup`<p><a href="${publicUrl}">Shipkeeper</a></p>`}
</body></html>
`.toString(),
  };
}

function inText(alert: AlertToMail): string {
  const { severity, title, why, id } = alert;
  return printableLines(
    `${severity.toUpperCase()}: ${title}\n${why}\n${timeInWords(alert)}\nTake it on: shipkeeper alerts ack ${id}`,
  );
}

function inHtml(alert: AlertToMail): Markup {
  const { severity, title, why, id } = alert;
  return markup`<h2 style="font-size:18px;margin:20px 0 4px">${severity.toUpperCase()}: ${title}</h2>
<p style="margin:0">${why}</p>
<p style="margin:4px 0;color:#5c6670">${timeInWords(alert)}. Take it on: <code>shipkeeper alerts ack ${id}</code></p>`;
}

function timeInWords({ openedAt, dueAt, owner, mail }: AlertToMail): string {
  const whose = owner === undefined ? "" : ` for ${owner}`;
  const until = mail === "overdue" ? "nobody took it on by" : "to be taken on by";
  return `Open since ${formatInstant(openedAt)}${whose}, ${until} ${formatInstant(dueAt)}`;
}
