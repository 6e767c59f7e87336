import { MINUTE_MS } from "@shipkeeper/kit";
import { cronSchema, durationSchema, timezoneSchema } from "@shipkeeper/policy";
import { repositorySchema } from "@shipkeeper/restic";
import { loadConfig } from "@shipkeeper/runtime";
import * as z from "zod";

const LISTEN = 'expected an address and a port such as 127.0.0.1:8080 or "[::1]:8080" in quotes';

const listenSchema = z.string({ error: LISTEN }).transform((text, context) => {
  const match = /^(?:\[(?<six>[0-9a-fA-F:]+)\]|(?<name>[^:\s]+)):(?<port>\d{1,5})$/.exec(text);
  const host = match?.groups?.["six"] ?? match?.groups?.["name"];
  const port = Number(match?.groups?.["port"]);
  if (host !== undefined && port <= 65_535) return { host, port };
  context.issues.push({ code: "custom", message: LISTEN, input: text });
  return z.NEVER;
});

const urlSchema = (protocol: RegExp, message: string) => z.url({ protocol, error: message });

const atLeastAMinute = (text: string) =>
  durationSchema.refine((ms) => ms >= MINUTE_MS, { error: "expected a minute or longer" }).prefault(text);

const backupSchema = z.strictObject({
  to: repositorySchema,
  /** In milliseconds, as all spans here. */
  every: atLeastAMinute("30m"),
  keepWithin: atLeastAMinute("30d"),
  /** So often the newest is restored to a folder of its own and compared. */
  drillEvery: atLeastAMinute("1d"),
});
/** How the collector keeps its own database. */
export type BackupConfig = z.output<typeof backupSchema>;

const configSchema = z.strictObject({
  listen: listenSchema.prefault("127.0.0.1:8080"),
  /** How agents and people reach it, where that is not the address it listens on. */
  publicUrl: urlSchema(/^https?$/, "expected an address such as https://shipkeeper.example").optional(),
  dataDir: z.string().min(1).default("/var/lib/shipkeeper-collector"),
  /** Fingerprints of the keys that may sign policies; empty: whichever key signs the first push. */
  policyKeys: z
    .array(z.string().regex(/^[0-9a-f]{64}$/, "expected a fingerprint: 64 hex digits"))
    .default([]),
  /** Absent: nothing is mailed. */
  mail: z
    .strictObject({
      smtp: urlSchema(/^smtps?$/, "expected smtp://user:password@host:port"),
      from: z.string({ error: "expected the address that mails come from" }).min(3),
    })
    .optional(),
  alerts: z
    .strictObject({
      /** Addresses of those who answer for the fleet: they hear of every critical and high alert. */
      mail: z
        .array(z.email({ error: "expected a mail address such as ops@acme.example" }))
        .max(50)
        .default([]),
    })
    .prefault({}),
  /** Absent: the database is in one place only, and the report and the log say so. */
  backup: backupSchema.optional(),
  reports: z
    .strictObject({
      schedule: cronSchema.default("0 7 * * 1"),
      timezone: timezoneSchema.default("UTC"),
    })
    .prefault({}),
});
export type CollectorConfig = z.output<typeof configSchema>;

const KEYS = [
  "listen",
  "publicUrl",
  "dataDir",
  "policyKeys",
  "mail.smtp",
  "mail.from",
  "alerts.mail",
  "backup.to.url",
  "backup.to.passwordFile",
  "backup.to.passwordCredential",
  "backup.to.environmentFile",
  "backup.every",
  "backup.keepWithin",
  "backup.drillEvery",
  "reports.schedule",
  "reports.timezone",
];

/** Throws `ConfigProblem` with one sentence per mistake. */
export function loadCollectorConfig(
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): CollectorConfig {
  return loadConfig({ file, environment, schema: configSchema, keys: KEYS });
}
