/** What Prometheus is told: figures of the collector and of the fleet as a whole, never a name. */
import type { Clock } from "@shipkeeper/kit";
import { SEVERITIES } from "@shipkeeper/policy";
import { hostStateSchema } from "@shipkeeper/protocol";
import type { FastifyPluginAsync } from "fastify";
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { IngestCounts } from "../ingest/ingest.ts";
import type { Store } from "../store/store.ts";

export interface Metrics {
  readonly registry: Registry;
  countBatch(counts: IngestCounts): void;
  countRefusal(code: string): void;
  observeRequest(request: { route: string; method: string; status: number; seconds: number }): void;
}

export function createMetrics({ store, now }: { store: Store; now: Clock }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  const batches = new Counter({ name: "shipkeeper_batches_total", help: "Batches taken in", registers });
  const entries = new Counter({
    name: "shipkeeper_entries_total",
    help: "Entries of batches, by what became of them",
    labelNames: ["result"],
    registers,
  });
  const refusals = new Counter({
    name: "shipkeeper_refusals_total",
    help: "Refused requests, by the code of the refusal",
    labelNames: ["code"],
    registers,
  });
  const requests = new Histogram({
    name: "shipkeeper_http_request_seconds",
    help: "Time until the answer was sent; long polls are left out",
    labelNames: ["route", "method", "status"],
    buckets: [0.005, 0.025, 0.1, 0.5, 2, 10],
    registers,
  });
  registry.registerMetric(
    new Gauge({
      name: "shipkeeper_hosts",
      help: "Enrolled hosts, by state",
      labelNames: ["state"],
      registers: [],
      async collect() {
        const counts = await store.hosts.countByState(now());
        for (const state of hostStateSchema.options) this.set({ state }, counts.get(state) ?? 0);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "shipkeeper_findings",
      help: "Compliance findings that are not mended, by severity; waived ones apart",
      labelNames: ["severity", "state"],
      registers: [],
      async collect() {
        this.reset();
        for (const { severity, state, count } of await store.findings.countOpen(now())) {
          this.set({ severity, state }, count);
        }
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "shipkeeper_alerts",
      help: "Open alerts, by severity",
      labelNames: ["severity"],
      registers: [],
      collect() {
        const counts = store.alerts.countOpen();
        for (const severity of SEVERITIES) this.set({ severity }, counts.get(severity) ?? 0);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "shipkeeper_compliance_score",
      help: "Compliance of the fleet, 0 to 100; not there while nothing was judged",
      registers: [],
      collect() {
        this.reset();
        const [fleet] = store.judgements.scores({ since: now(), scope: "fleet" });
        if (fleet?.score !== undefined) this.set(fleet.score);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "shipkeeper_policy_revision",
      help: "Newest policy revision; 0 while there is none",
      registers: [],
      collect() {
        this.set(store.policies.inForce()?.bundle.revision ?? 0);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "shipkeeper_database_bytes",
      help: "Size of the database without its write-ahead log",
      registers: [],
      collect() {
        this.set(store.upkeep.sizeBytes());
      },
    }),
  );

  return {
    registry,
    countBatch({ stored, known, rejected }) {
      batches.inc();
      entries.inc({ result: "stored" }, stored);
      entries.inc({ result: "known" }, known);
      entries.inc({ result: "rejected" }, rejected);
    },
    countRefusal: (code) => refusals.inc({ code }),
    observeRequest({ route, method, status, seconds }) {
      requests.observe({ route, method, status: String(status) }, seconds);
    },
  };
}

/** Open to whoever reaches the port: scrapers rarely hold tokens, and there is nothing in it to protect. */
export function metricsRoutes(metrics: Metrics): FastifyPluginAsync {
  return async (app) => {
    app.get("/metrics", async (_request, reply) =>
      reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
    );
  };
}
