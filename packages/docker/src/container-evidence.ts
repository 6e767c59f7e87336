/** What a container said and did lately, by the engine's memory. Only looks. */
import { SECOND_MS } from "@shipkeeper/kit";
import { decodeAnswer } from "./answers/decode-answer.ts";
import { EVENT_FILTERS, readEvents } from "./answers/read-events.ts";
import { readLog } from "./answers/read-log.ts";
import { readProcesses, topAnswer } from "./answers/read-processes.ts";
import type { Connection } from "./connection.ts";
import { EngineRefused } from "./engine-errors.ts";
import type { EngineCall } from "./engine-wire.ts";
import type { EngineEvent, EngineReader } from "./engine.ts";
import { readStream } from "./read-stream.ts";

/** The engine walks files back from their end. */
const LOG_DEADLINE_MS = 15 * SECOND_MS;
const TOP_DEADLINE_MS = 10 * SECOND_MS;
const EVENTS_DEADLINE_MS = 10 * SECOND_MS;
/** More lines than anybody reads, of 16 KiB each at most. */
const MOST_LINES = 10_000;

/** Of a driver that only sends logs away, or keeps none. */
const NOT_READABLE = /does not support reading/i;

export function containerEvidence(
  connection: Connection,
): Pick<EngineReader, "logs" | "processes" | "pastEvents"> {
  return {
    async logs(id, { tail, since, until, mostBytes }, options) {
      const call: EngineCall = {
        attempt: `read the log of container ${id}`,
        path: `/containers/${id}/logs`,
        query: {
          stdout: true,
          stderr: true,
          timestamps: true,
          tail: Math.min(MOST_LINES, Math.max(0, Math.trunc(tail))),
          ...(since !== undefined && { since: seconds(since) }),
          ...(until !== undefined && { until: seconds(until) }),
        },
        deadlineMs: LOG_DEADLINE_MS,
        signal: options?.signal,
      };
      try {
        return await readStream(connection, call, (chunks) => readLog(chunks, { mostBytes }));
      } catch (error) {
        if (!(error instanceof EngineRefused)) throw error;
        if (error.status === 404) return undefined;
        if (!NOT_READABLE.test(error.message)) throw error;
        return { readable: false, why: error.message };
      }
    },

    async processes(id, options) {
      const attempt = `list the processes of container ${id}`;
      const answer = await connection.call({
        attempt,
        path: `/containers/${id}/top`,
        deadlineMs: TOP_DEADLINE_MS,
        signal: options?.signal,
      });
      if (answer.status === 404 || answer.status === 409) return undefined;
      return readProcesses(decodeAnswer(attempt, topAnswer, answer));
    },

    async pastEvents({ since, container, signal }) {
      const call: EngineCall = {
        attempt: "tell its past events",
        path: "/events",
        query: {
          since: seconds(since),
          // The past: what has yet to happen the engine would wait for.
          until: seconds(Date.now()),
          filters: JSON.stringify({ ...EVENT_FILTERS, ...(container && { container: [container] }) }),
        },
        deadlineMs: EVENTS_DEADLINE_MS,
        signal,
      };
      return readStream(connection, call, async (chunks) => {
        const events: EngineEvent[] = [];
        for await (const event of readEvents(chunks)) events.push(event);
        return events;
      });
    },
  };
}

/** Seconds with nine decimals, as the engine reads times. */
function seconds(at: number): string {
  return (at / SECOND_MS).toFixed(9);
}
