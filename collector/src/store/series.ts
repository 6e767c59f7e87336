/** Reads a span of samples as columns per subject, thinned to as many points as were asked for. */
import { InvalidInput, type Instant } from "@shipkeeper/kit";
import { NOT_READ } from "@shipkeeper/model";
import { MOST_SERIES_POINTS, type ApiSeries } from "@shipkeeper/protocol";
import type { SampleSpan, Samples } from "./samples.ts";

export interface SeriesRequest extends SampleSpan {
  /** Absent: every subject. */
  readonly subject?: string | undefined;
  /** Absent: every metric. */
  readonly metrics?: readonly string[] | undefined;
  /** Absent: every reading. */
  readonly stepMs?: number | undefined;
}

type Value = number | null;

interface Point {
  readonly at: Instant;
  readonly values: Readonly<Record<string, Value>>;
}

interface Subject {
  name: string;
  /** By step, or by time where there are no steps. */
  readonly points: Map<number, Point>;
  readonly metrics: Set<string>;
}

/** Throws `InvalidInput` where the span holds more points than one answer may. */
export async function readSeries(samples: Samples, request: SeriesRequest): Promise<ApiSeries[]> {
  const { from, to, subject: only, stepMs = 1 } = request;
  const wanted = request.metrics === undefined ? undefined : new Set(request.metrics);
  const subjects = new Map<string, Subject>();

  for await (const { times, series } of samples.groups(request)) {
    for (const { subject: id, name, columns } of series) {
      if (only !== undefined && id !== only) continue;
      const subject = subjects.get(id) ?? {
        name,
        points: new Map<number, Point>(),
        metrics: new Set<string>(),
      };
      subjects.set(id, subject);
      subject.name = name;
      const read = Object.entries(columns).filter(([metric]) => wanted?.has(metric) ?? true);
      for (const [metric] of read) subject.metrics.add(metric);
      for (const [place, at] of times.entries()) {
        if (at < from || at > to) continue;
        const step = Math.floor(at / stepMs);
        // Counters need the last reading of a step to keep their sum, and for the others it is as good as any.
        if ((subject.points.get(step)?.at ?? -Infinity) > at) continue;
        const values = Object.fromEntries(read.map(([metric, column]) => [metric, valueOf(column[place])]));
        subject.points.set(step, { at, values });
      }
      if (subject.points.size > MOST_SERIES_POINTS) {
        throw new InvalidInput("the series is too long", [
          `step: more than ${MOST_SERIES_POINTS} points; ask for a larger step or a shorter span`,
        ]);
      }
    }
  }
  return [...subjects]
    .filter(([, { points }]) => points.size > 0)
    .map(([id, subject]) => toColumns(id, subject));
}

function valueOf(reading: number | undefined): Value {
  return reading === undefined || reading === NOT_READ ? null : reading;
}

function toColumns(id: string, { name, points, metrics }: Subject): ApiSeries {
  const inOrder = [...points.values()].sort((a, b) => a.at - b.at);
  const columns = [...metrics].map(
    (metric) => [metric, inOrder.map(({ values }) => values[metric] ?? null)] as const,
  );
  return { subject: id, name, times: inOrder.map(({ at }) => at), columns: Object.fromEntries(columns) };
}
