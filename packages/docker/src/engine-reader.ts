/** The half of the engine port that only looks. Owns how long each look may take and which answers make one. */
import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type * as z from "zod";
import type { Connection } from "./connection.ts";
import { containerAnswer, containerListAnswer } from "./answers/container-answer.ts";
import { containerEvidence } from "./container-evidence.ts";
import { decodeAnswer } from "./answers/decode-answer.ts";
import { DockerUnavailable, EngineAnswerInvalid } from "./engine-errors.ts";
import type { EngineCall } from "./engine-wire.ts";
import type { CallOptions, EngineEvent, EngineReader, ImageNames } from "./engine.ts";
import { infoAnswer, networkAnswer, networkListAnswer, volumeListAnswer } from "./answers/host-answers.ts";
import { historyAnswer, imageAnswer, imageListAnswer } from "./answers/image-answer.ts";
import { speaks } from "./negotiate.ts";
import { environmentValues, readContainer } from "./answers/read-container.ts";
import { EVENT_FILTERS, readEvents } from "./answers/read-events.ts";
import { readEngineFacts, readHostFacts, readNetwork, readVolume } from "./answers/read-host.ts";
import { readImage } from "./answers/read-image.ts";
import { diskUsageAnswer, readBuildCache, readSizes } from "./answers/read-sizes.ts";
import { readStats } from "./answers/read-stats.ts";
import { statsAnswer } from "./answers/stats-answer.ts";

const LIST_DEADLINE_MS = 30 * SECOND_MS;
const INSPECT_DEADLINE_MS = 10 * SECOND_MS;
/** The engine walks every writable layer and every volume: 2 to 4 µs a file, and more from a slow disk. */
const SIZES_DEADLINE_MS = 15 * MINUTE_MS;

export function engineReader(connection: Connection): EngineReader {
  async function list<T extends z.ZodType>(
    schema: T,
    call: Pick<EngineCall, "attempt" | "path" | "query">,
    options: CallOptions | undefined,
  ) {
    const answer = await connection.call({
      ...call,
      deadlineMs: LIST_DEADLINE_MS,
      signal: options?.signal,
    });
    return decodeAnswer(call.attempt, schema, answer);
  }

  /** Undefined for 404: the engine's word that there is no such thing. */
  async function inspect<T extends z.ZodType>(
    schema: T,
    call: Pick<EngineCall, "attempt" | "path" | "query">,
    options: CallOptions | undefined,
  ) {
    const answer = await connection.call({
      ...call,
      deadlineMs: INSPECT_DEADLINE_MS,
      signal: options?.signal,
    });
    return answer.status === 404 ? undefined : decodeAnswer(call.attempt, schema, answer);
  }

  async function diskUsage(only: { type?: string }, options: CallOptions | undefined) {
    const attempt = "measure its disk usage";
    const apiVersion = await connection.apiVersion(options?.signal);
    const answer = await connection.call({
      attempt,
      path: "/system/df",
      // Without `verbose` the newer shape carries totals only.
      query: { ...only, ...(speaks(apiVersion, "1.52") && { verbose: true }) },
      deadlineMs: SIZES_DEADLINE_MS,
      signal: options?.signal,
    });
    return decodeAnswer(attempt, diskUsageAnswer, answer);
  }

  async function imageNames(options?: CallOptions): Promise<ImageNames[]> {
    const call = { attempt: "list images", path: "/images/json" };
    const images = await list(imageListAnswer, call, options);
    return images.map(({ Id, RepoTags, RepoDigests }) => ({ id: Id, tags: RepoTags, digests: RepoDigests }));
  }

  return {
    async facts(options) {
      const info = await list(infoAnswer, { attempt: "describe itself", path: "/info" }, options);
      const apiVersion = await connection.apiVersion(options?.signal);
      return { engine: readEngineFacts(info, apiVersion), host: readHostFacts(info) };
    },

    async containerIds(options) {
      const filters = options?.label && { filters: JSON.stringify({ label: [options.label] }) };
      const query = { all: true, ...filters };
      const call = { attempt: "list containers", path: "/containers/json", query };
      return (await list(containerListAnswer, call, options)).map(({ Id }) => Id);
    },

    async container(id, options) {
      const call = { attempt: `inspect container ${id}`, path: `/containers/${id}/json` };
      const answer = await inspect(containerAnswer, call, options);
      return answer === undefined ? undefined : readContainer(answer);
    },

    async environmentValues(id, options) {
      const call = { attempt: `inspect container ${id}`, path: `/containers/${id}/json` };
      const answer = await inspect(containerAnswer, call, options);
      return answer === undefined ? undefined : environmentValues(answer);
    },

    imageNames,

    async imageIds(options) {
      return (await imageNames(options)).map(({ id }) => id);
    },

    async image(id, options) {
      const attempt = `inspect image ${id}`;
      const [answer, history] = await Promise.all([
        inspect(imageAnswer, { attempt, path: `/images/${id}/json` }, options),
        inspect(historyAnswer, { attempt, path: `/images/${id}/history` }, options),
      ]);
      return answer === undefined || history === undefined ? undefined : readImage(answer, history);
    },

    async volumes(options) {
      const call = { attempt: "list volumes", path: "/volumes" };
      const { Volumes, Warnings } = await list(volumeListAnswer, call, options);
      // A driver that does not answer leaves its volumes out, and what is left out would look deleted.
      if (Warnings.length > 0) throw new EngineAnswerInvalid(call.attempt, Warnings.join("; "));
      return Volumes.map(readVolume);
    },

    async networks(options) {
      const call = { attempt: "list networks", path: "/networks" };
      return (await list(networkListAnswer, call, options)).map(readNetwork);
    },

    async network(id, options) {
      const call = { attempt: `inspect network ${id}`, path: `/networks/${encodeURIComponent(id)}` };
      const answer = await inspect(networkAnswer, call, options);
      return answer === undefined ? undefined : { network: readNetwork(answer), attached: answer.Containers };
    },

    async sizes(options) {
      return readSizes(await diskUsage({}, options));
    },

    async buildCache(options) {
      // An engine that does not know the filter measures everything.
      return readBuildCache(await diskUsage({ type: "build-cache" }, options));
    },

    async stats(id, options) {
      const answer = await inspect(
        statsAnswer,
        {
          attempt: `measure container ${id}`,
          path: `/containers/${id}/stats`,
          // One reading is enough: rates are computed from counters, and the second one takes another second.
          query: { stream: false, "one-shot": true },
        },
        options,
      );
      return answer === undefined ? undefined : readStats(answer);
    },

    ...containerEvidence(connection),

    events: (options) => followEvents(connection, options),
  };
}

async function* followEvents(
  connection: Connection,
  { since, signal }: Parameters<EngineReader["events"]>[0],
): AsyncGenerator<EngineEvent> {
  if (signal.aborted) return;
  try {
    const chunks = await connection.stream({
      attempt: "follow its events",
      path: "/events",
      query: {
        filters: JSON.stringify(EVENT_FILTERS),
        ...(since !== undefined && { since: (since / SECOND_MS).toFixed(3) }),
      },
      signal,
    });
    for await (const event of readEvents(chunks)) {
      if (signal.aborted) return;
      yield event;
    }
    // The engine never ends the stream by itself while it runs.
    throw new Error("the event stream ended");
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof EngineAnswerInvalid || error instanceof DockerUnavailable) throw error;
    throw new DockerUnavailable(connection.address, { cause: error });
  }
}
