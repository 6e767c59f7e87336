/**
 * The fleet report as data: what the HTML page, the text, the mail and programs all say. Names stand in it as hosts
 * reported them; whoever shows them makes them harmless.
 */
import { containerStateSchema, countSchema, healthStatusSchema, instantSchema } from "@shipkeeper/model";
import { severitySchema } from "@shipkeeper/policy";
import * as z from "zod";
import { reportedDrillsSchema } from "./drills.ts";
import { reportedLogsSchema } from "./logs.ts";
import { reportedPostMortemsSchema } from "./post-mortems.ts";
import { apiHealingSchema } from "./healing.ts";
import { apiAlertSchema } from "./alerts.ts";
import { apiIncidentSchema } from "./incidents.ts";
import { queryInteger } from "./page.ts";
import { reportedRecoverySchema } from "./reported-recovery.ts";

/** Age classes of images, youngest first; `unknown` where the builder wrote no believable time. */
export const ageBucketSchema = z.enum(["7d", "30d", "90d", "180d", "1y", "2y", "older", "unknown"]);
export type AgeBucket = z.infer<typeof ageBucketSchema>;

export const diskForecastSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("fills"), daysLeft: countSchema, at: instantSchema }),
  z.object({ kind: z.literal("steady") }),
  /** Readings do not lie on a line well enough to draw it on into the future. */
  z.object({ kind: z.literal("erratic") }),
  z.object({ kind: z.literal("not-enough-history") }),
]);
export type DiskForecast = z.infer<typeof diskForecastSchema>;

const reportedDiskSchema = z.object({
  path: z.string(),
  totalBytes: countSchema,
  freeBytes: countSchema,
  forecast: diskForecastSchema,
});

const reportedHostSchema = z.object({
  host: z.string(),
  owner: z.string().optional(),
  lastSeenAt: instantSchema.optional(),
  silent: z.boolean(),
  agentVersion: z.string().optional(),
  /** Revision of the policy in force there; 0 while there is none. */
  policyRevision: countSchema,
  running: countSchema,
  containers: countSchema,
  unhealthy: countSchema,
  images: countSchema,
  cacheBytes: countSchema,
  /** What no container uses: images by the bytes that only they hold, and idle build cache. */
  reclaimableBytes: countSchema,
  oldestRunningDays: countSchema.optional(),
  newestRestorePointAt: instantSchema.optional(),
  disks: z.array(reportedDiskSchema),
});
export type ReportedHost = z.infer<typeof reportedHostSchema>;

const needsPersonSchema = z.object({
  host: z.string(),
  container: z.string(),
  owner: z.string().optional(),
  why: z.string(),
  since: instantSchema.optional(),
});

const imageLineSchema = z.object({
  host: z.string(),
  image: z.string(),
  owner: z.string().optional(),
  ageDays: countSchema.optional(),
  sizeBytes: countSchema,
  /** The containers that run it; for a cached image those that refer to it. */
  usedBy: z.array(z.string()),
});
export type ImageLine = z.infer<typeof imageLineSchema>;

/** Images that have something in common: an owner, a base. */
const imageGroupSchema = z.object({
  /** Absent for images of which it is not known. */
  name: z.string().optional(),
  images: countSchema,
  medianDays: countSchema.optional(),
  oldestDays: countSchema.optional(),
});
export type ImageGroup = z.infer<typeof imageGroupSchema>;

const doneStepSchema = z.object({
  at: instantSchema,
  host: z.string(),
  action: z.string(),
  decision: z.string(),
  target: z.string(),
  owner: z.string().optional(),
  status: z.enum(["done", "skipped", "failed", "unknown"]),
  /** Why it was planned, in words. */
  because: z.string(),
  /** What went wrong, or why it was left. */
  trouble: z.string().optional(),
  bytes: countSchema.optional(),
});
export type DoneStep = z.infer<typeof doneStepSchema>;

const doneActionSchema = z.object({
  action: z.string(),
  runs: countSchema,
  done: countSchema,
  skipped: countSchema,
  failed: countSchema,
  freedBytes: z.int(),
  measures: z.record(z.string(), z.number()),
});

const heldReasonSchema = z.object({
  decision: z.string(),
  action: z.string(),
  why: z.string(),
  count: countSchema,
  hosts: countSchema,
  /** One of them, as an example. */
  example: z.object({ host: z.string(), target: z.string(), words: z.string() }),
});
export type HeldReason = z.infer<typeof heldReasonSchema>;

const datasetSchema = z.object({
  host: z.string(),
  dataset: z.string(),
  owner: z.string().optional(),
  newestAt: instantSchema,
  points: countSchema,
  bytes: countSchema,
  repositories: z.array(z.string()),
});

const unprotectedSchema = z.object({
  host: z.string(),
  volume: z.string(),
  owner: z.string().optional(),
  sizeBytes: countSchema.optional(),
});

export const urgencySchema = z.enum(["now", "soon", "plan"]);
export type Urgency = z.infer<typeof urgencySchema>;

const nextThingSchema = z.object({
  urgency: urgencySchema,
  /** A code that programs count. */
  kind: z.string(),
  what: z.string(),
  why: z.string(),
  host: z.string().optional(),
  owner: z.string().optional(),
});
export type NextThing = z.infer<typeof nextThingSchema>;

const reportedAlertSchema = apiAlertSchema
  .omit({ hostId: true, incidentId: true, acknowledgedAt: true, resolvedAt: true, count: true })
  .meta({ id: "ReportedAlert" });
export type ReportedAlert = z.infer<typeof reportedAlertSchema>;

const reportedIncidentSchema = apiIncidentSchema
  .pick({
    id: true,
    host: true,
    name: true,
    owner: true,
    cause: true,
    sickAt: true,
    detectedAt: true,
    firstOrderAt: true,
    healthyAt: true,
    closedAt: true,
    ended: true,
    handedOverAt: true,
    heals: true,
  })
  .extend({
    /** Names of what suffered with it. */
    members: z.array(z.string()),
  })
  .meta({ id: "ReportedIncident" });
export type ReportedIncident = z.infer<typeof reportedIncidentSchema>;

const scoreSchema = z.int().min(0).max(100).optional();

const scoreTrendSchema = z.object({
  /** Absent where nothing was judged. */
  score: scoreSchema,
  /** What the day a week, and a month, ago ended with; absent where it had none. */
  weekAgo: scoreSchema,
  monthAgo: scoreSchema,
  /** Findings that are neither mended nor waived. */
  open: countSchema,
});

const checkFindingsSchema = z.object({
  check: z.string(),
  title: z.string(),
  severity: severitySchema,
  open: countSchema,
  waived: countSchema,
  /** The one that is open longest; where all are waived, one of these. */
  example: z.object({ host: z.string(), name: z.string(), says: z.string(), owner: z.string().optional() }),
});
export type CheckFindings = z.infer<typeof checkFindingsSchema>;

const reportedComplianceSchema = scoreTrendSchema.extend({
  waived: countSchema,
  /** Days that ended with a score, oldest first. */
  history: z.array(z.object({ day: instantSchema, score: z.int().min(0).max(100) })),
  /** The worst first. */
  byCheck: z.array(checkFindingsSchema),
  /** The lowest score first; not there in an owner's report. */
  byOwner: z.array(scoreTrendSchema.extend({ owner: z.string().optional() })),
  /** Hosts of which something could not be judged: what they have is neither found nor mended. */
  notJudged: z.array(z.object({ host: z.string(), why: z.string() })),
});
export type ReportedCompliance = z.infer<typeof reportedComplianceSchema>;

const worstAvailabilitySchema = z.object({
  of: z.enum(["service", "container", "host"]),
  name: z.string(),
  host: z.string().optional(),
  owner: z.string().optional(),
  /** Of the counted time, 0 to 1. */
  share: z.number().min(0).max(1),
  downMs: countSchema,
  outages: countSchema,
  longestOutageMs: countSchema,
  /** Whether it reaches the target all the same. */
  met: z.boolean(),
});
export type WorstAvailability = z.infer<typeof worstAvailabilitySchema>;

const reportedAvailabilitySchema = z.object({
  /** How far back it counts, and healing does, too. */
  days: countSchema,
  /** Per cent. */
  target: z.number(),
  /** Of the time of all containers together; absent where nothing was watched. */
  share: z.number().min(0).max(1).optional(),
  /** The most that was counted of any one container: a fleet may be younger than what the report looks back. */
  countedMs: countSchema,
  /** How many are below the target. */
  missed: z.object({ services: countSchema, containers: countSchema, hosts: countSchema }),
  /** The longest down first; containers of a service only through their service. */
  worst: z.array(worstAvailabilitySchema),
});

export const fleetReportSchema = z
  .object({
    at: instantSchema,
    /** What was done and held back is told from here on. */
    since: instantSchema,
    /** Present where the report is cut to what this owner answers for. */
    owner: z.string().optional(),
    /** The state of the fleet in one sentence. */
    truth: z.string(),
    next: z.array(nextThingSchema),
    hosts: z.array(reportedHostSchema),
    containers: z.object({
      total: countSchema,
      byState: z.array(z.object({ state: containerStateSchema, count: countSchema })),
      byHealth: z.array(z.object({ health: healthStatusSchema, count: countSchema })),
      needPerson: z.array(needsPersonSchema),
    }),
    trouble: z.object({
      /** Open ones, the worst first. */
      alerts: z.array(reportedAlertSchema),
      moreAlerts: countSchema,
      resolvedAlerts: countSchema,
      /** Those that are not over first, then the newest. */
      incidents: z.array(reportedIncidentSchema),
      moreIncidents: countSchema,
    }),
    compliance: reportedComplianceSchema,
    availability: reportedAvailabilitySchema,
    healing: apiHealingSchema,
    images: z.object({
      /** Every host's copy counts. */
      total: countSchema,
      cacheBytes: countSchema,
      reclaimableBytes: countSchema,
      ages: z.array(z.object({ bucket: ageBucketSchema, count: countSchema, running: countSchema })),
      oldestRunning: z.array(imageLineSchema),
      oldestCached: z.array(imageLineSchema),
      byOwner: z.array(imageGroupSchema),
      byBase: z.array(imageGroupSchema),
    }),
    done: z.object({
      freedBytes: z.int(),
      byAction: z.array(doneActionSchema),
      /** Failures first, then the newest; at most as many as people read. */
      steps: z.array(doneStepSchema),
      moreSteps: countSchema,
    }),
    heldBack: z.object({
      byReason: z.array(heldReasonSchema),
      waitingRules: z.array(z.object({ rule: z.string(), why: z.string(), hosts: countSchema })),
    }),
    restorePoints: z.object({
      total: countSchema,
      datasets: z.array(datasetSchema),
      unprotected: z.array(unprotectedSchema),
    }),
    recovery: reportedRecoverySchema,
    drills: reportedDrillsSchema,
    logs: reportedLogsSchema,
    postMortems: reportedPostMortemsSchema,
    unowned: z.object({
      containers: countSchema,
      images: countSchema,
      volumes: countSchema,
      examples: z.array(z.object({ host: z.string(), what: z.string() })),
    }),
  })
  .meta({ id: "FleetReport" });
export type FleetReport = z.infer<typeof fleetReportSchema>;
export type DoneAction = FleetReport["done"]["byAction"][number];
export type NeedsPerson = FleetReport["containers"]["needPerson"][number];

export const fleetReportQuerySchema = z.strictObject({
  format: z.enum(["json", "html", "text", "csv"]).default("json"),
  /** Only what this owner answers for. */
  owner: z.string().max(256).optional(),
  /** How far back it tells what was done, in days. */
  days: queryInteger(1, 31).default(1),
});

export const sendReportsSchema = z.strictObject({
  /** Only to this owner; to everybody with a mail address where it is absent. */
  to: z.string().max(256).optional(),
});

/** Queued, not delivered: a mail server that is down delays mails. */
export const sendReportsReplySchema = z.object({
  queued: z.array(z.object({ owner: z.string(), mail: z.string() })),
});
