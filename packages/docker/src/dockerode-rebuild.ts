/** What a real engine's things are made from, and making them from it. */
import { HOUR_MS, SECOND_MS } from "@shipkeeper/kit";
import { repositoryOf } from "@shipkeeper/model";
import { blueprintAnswer, orderFrom, readContainerBlueprint } from "./answers/container-blueprint.ts";
import { decodeAnswer } from "./answers/decode-answer.ts";
import {
  networkBlueprintAnswer,
  volumeBlueprintsAnswer,
  readNetworkBlueprint,
  readProgress,
  readVolumeBlueprints,
} from "./answers/rebuild-answers.ts";
import type { Connection } from "./connection.ts";
import { createContainer, throwRefused } from "./create-container.ts";
import { createNetwork } from "./create-network.ts";
import { EngineAnswerInvalid } from "./engine-errors.ts";
import type { EngineRebuild } from "./engine-rebuild.ts";
import { imagePath } from "./image-path.ts";
import { speaks } from "./negotiate.ts";
import { readStream } from "./read-stream.ts";

const INSPECT_DEADLINE_MS = 10 * SECOND_MS;
const LIST_DEADLINE_MS = 30 * SECOND_MS;
/** Images of many gigabytes over thin links. */
const PULL_DEADLINE_MS = 2 * HOUR_MS;

export function engineRebuild(connection: Connection): EngineRebuild {
  return {
    async containerBlueprint(id, { values = false, signal } = {}) {
      const attempt = `inspect container ${id}`;
      const path = `/containers/${id}/json`;
      const answer = await connection.call({ attempt, path, deadlineMs: INSPECT_DEADLINE_MS, signal });
      if (answer.status === 404) return undefined;
      return readContainerBlueprint(decodeAnswer(attempt, blueprintAnswer, answer), { values });
    },

    async networkBlueprint(id, { signal } = {}) {
      const attempt = `inspect network ${id}`;
      const path = `/networks/${encodeURIComponent(id)}`;
      const answer = await connection.call({ attempt, path, deadlineMs: INSPECT_DEADLINE_MS, signal });
      if (answer.status === 404) return undefined;
      return readNetworkBlueprint(decodeAnswer(attempt, networkBlueprintAnswer, answer));
    },

    async volumeBlueprints({ signal } = {}) {
      const attempt = "list volumes";
      const answer = await connection.call({
        attempt,
        path: "/volumes",
        deadlineMs: LIST_DEADLINE_MS,
        signal,
      });
      const listed = decodeAnswer(attempt, volumeBlueprintsAnswer, answer);
      if (listed.Warnings.length > 0) throw new EngineAnswerInvalid(attempt, listed.Warnings.join("; "));
      return readVolumeBlueprints(listed);
    },

    async createContainer(blueprint, { signal } = {}) {
      const manyNetworks = speaks(await connection.apiVersion(signal), "1.44");
      return createContainer(connection, blueprint.name, orderFrom(blueprint, { manyNetworks }), signal);
    },

    createNetwork: (blueprint, { signal } = {}) => createNetwork(connection, blueprint, signal),

    saveImage: (reference, { signal }) =>
      connection.stream({
        attempt: `save image ${reference}`,
        path: `/images/${imagePath(reference)}/get`,
        signal,
      }),

    async loadImage(saved, { signal }) {
      const attempt = "load an image";
      try {
        const answer = await connection.stream({
          attempt,
          method: "POST",
          path: "/images/load",
          query: { quiet: true },
          upload: saved,
          signal,
        });
        await readProgress(attempt, answer);
      } finally {
        saved.destroy(); // where the engine refused it unread, whoever writes it would wait for ever
      }
    },

    async pullImage(reference, { signal } = {}) {
      const attempt = `pull image ${reference}`;
      const call = {
        attempt,
        method: "POST",
        path: "/images/create",
        query: { fromImage: withTag(imagePath(reference)) },
        deadlineMs: PULL_DEADLINE_MS,
        signal,
      } as const;
      await readStream(connection, call, (chunks) => readProgress(attempt, chunks));
    },

    async tagImage(id, reference, { signal } = {}) {
      const attempt = `call image ${id} ${reference}`;
      const colon = imagePath(reference).lastIndexOf(":");
      const answer = await connection.call({
        attempt,
        method: "POST",
        path: `/images/${id}/tag`,
        query: { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) },
        deadlineMs: INSPECT_DEADLINE_MS,
        signal,
      });
      throwRefused(attempt, answer);
    },
  };
}

/** Without a tag the engine would pull all that the repository has. */
function withTag(reference: string): string {
  return reference.includes("@") || repositoryOf(reference) !== reference ? reference : `${reference}:latest`;
}
