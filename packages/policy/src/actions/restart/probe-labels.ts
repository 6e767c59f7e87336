/** Probes that a container's own labels ask for: `shipkeeper.probe.http=8080/healthz` and its like. */
import { suggest } from "@shipkeeper/kit";
import type { Labels } from "@shipkeeper/model";
import { probeSpecSchema, type ProbeSpec } from "./probe-spec.ts";

const PREFIX = "shipkeeper.probe.";
const KNOWN = [
  "http",
  "tcp",
  "log-silence",
  "every",
  "timeout",
  "failures",
  "start-period",
  "status",
  "body",
];

export interface LabelledProbe {
  /** The label that asks for it, without what all begin with. */
  readonly label: string;
  readonly spec: ProbeSpec;
}

/** The probes, and what of the labels cannot be read: a slip in a container's label costs that probe and no other. */
export function probesFromLabels(labels: Labels): {
  readonly probes: readonly LabelledProbe[];
  readonly problems: readonly string[];
} {
  const written = new Map(
    Object.entries(labels)
      .filter(([key]) => key.startsWith(PREFIX))
      .map(([key, value]) => [key.slice(PREFIX.length), value.trim()]),
  );
  if (written.size === 0) return { probes: [], problems: [] };

  const problems = [...written.keys()].filter((key) => !KNOWN.includes(key)).map(unknownLabel);
  const probes = [...waysIn(written)].flatMap(([label, way]): LabelledProbe[] => {
    const parsed = probeSpecSchema.safeParse({ ...way, ...paceIn(written) });
    if (parsed.success) return [{ label, spec: parsed.data }];
    for (const { path, message } of parsed.error.issues) {
      problems.push(`label ${PREFIX}${label}: ${[...path, message].join(": ")}`);
    }
    return [];
  });
  return { probes, problems };
}

/** Each way that a label asks in, as a policy would write it. */
function* waysIn(written: ReadonlyMap<string, string>): Generator<[label: string, way: object]> {
  const http = written.get("http");
  const tcp = written.get("tcp");
  const silentFor = written.get("log-silence");
  if (http !== undefined) {
    // Where it is of another form, the port is what is wrong with it.
    const [, tls, port = http, path] = /^(https:)?(\d+)(\/.*)?$/.exec(http) ?? [];
    const expected = pick({ status: written.get("status"), body: written.get("body") });
    yield ["http", { http: { port: Number(port), ...pick({ tls: tls && true, path }), ...expected } }];
  }
  if (tcp !== undefined) yield ["tcp", { tcp: { port: Number(tcp) } }];
  if (silentFor !== undefined) yield ["log-silence", { silentFor }];
}

function paceIn(written: ReadonlyMap<string, string>): object {
  const failures = written.get("failures");
  return pick({
    every: written.get("every"),
    timeout: written.get("timeout"),
    failures: failures && Number(failures),
    startPeriod: written.get("start-period"),
  });
}

function unknownLabel(key: string): string {
  const meant = suggest(key, KNOWN);
  const hint = meant === undefined ? `known are ${KNOWN.join(", ")}` : `did you mean ${PREFIX}${meant}?`;
  return `label ${PREFIX}${key} is not known, ${hint}`;
}

function pick(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
