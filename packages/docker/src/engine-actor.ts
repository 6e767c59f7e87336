/**
 * The half of the engine port that changes the host. One object a call, by full id or exact reference; never with
 * force, so that the engine's own refusal guards against what changed since the plan.
 */
import { InvalidInput, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { VolumeName } from "@shipkeeper/model";
import type { Connection } from "./connection.ts";
import { containerActor } from "./container-actor.ts";
import { containerPause } from "./container-pause.ts";
import { decodeAnswer } from "./answers/decode-answer.ts";
import { EngineAnswerInvalid, EngineRefused } from "./engine-errors.ts";
import type { EngineAnswer } from "./engine-wire.ts";
import type { EngineActor, Removal } from "./engine.ts";
import { createNetwork } from "./create-network.ts";
import { buildPruneAnswer, volumeAnswer } from "./answers/host-answers.ts";
import { imagePath } from "./image-path.ts";
import { readVolume } from "./answers/read-host.ts";

const INSPECT_DEADLINE_MS = 10 * SECOND_MS;
/** Freeing the layers of a large image or container takes minutes on a slow disk. */
const REMOVE_DEADLINE_MS = 5 * MINUTE_MS;

export function engineActor(connection: Connection): EngineActor {
  async function volumeExists(name: VolumeName, signal: AbortSignal | undefined): Promise<boolean> {
    const attempt = `inspect volume ${name}`;
    const path = `/volumes/${encodeURIComponent(name)}`;
    const answer = await connection.call({ attempt, path, deadlineMs: INSPECT_DEADLINE_MS, signal });
    if (answer.status === 404) return false;
    decodeAnswer(attempt, volumeAnswer, answer);
    return true;
  }

  return {
    ...containerActor(connection),
    ...containerPause(connection),

    async removeContainer(id, options) {
      const attempt = `remove container ${id}`;
      const answer = await connection.call({
        attempt,
        method: "DELETE",
        path: `/containers/${id}`,
        query: { force: false, v: false },
        deadlineMs: REMOVE_DEADLINE_MS,
        signal: options?.signal,
      });
      return removal(answer);
    },

    async removeImage(reference, options) {
      const attempt = `remove image ${reference}`;
      const answer = await connection.call({
        attempt,
        method: "DELETE",
        path: `/images/${imagePath(reference)}`,
        // With pruning the engine would take the untagged parents of a classic build along, which no plan named.
        // They do not leak: childless, they show up in the next list as dangling images of their own.
        query: { force: false, noprune: true },
        deadlineMs: REMOVE_DEADLINE_MS,
        signal: options?.signal,
      });
      return removal(answer);
    },

    async removeNetwork(id, options) {
      const attempt = `remove network ${id}`;
      try {
        const answer = await connection.call({
          attempt,
          method: "DELETE",
          path: `/networks/${pathSegment(id)}`,
          deadlineMs: INSPECT_DEADLINE_MS,
          signal: options?.signal,
        });
        return removal(answer);
      } catch (error) {
        // Forbidden is what the engine says of a network with active endpoints.
        if (error instanceof EngineRefused && error.status === 403) return "in-use";
        throw error;
      }
    },

    async removeVolume(name, options) {
      const attempt = `remove volume ${name}`;
      const answer = await connection.call({
        attempt,
        method: "DELETE",
        path: `/volumes/${pathSegment(name)}`,
        query: { force: false },
        deadlineMs: REMOVE_DEADLINE_MS,
        signal: options?.signal,
      });
      return removal(answer);
    },

    async removeBuildCache(id, options) {
      // The engine has no other way to remove a record than its prune, whose filter takes a part of an id as well: only
      // a whole one, always of 25 letters and digits, names one record.
      if (!/^[a-z0-9]{25}$/.test(id)) throw new InvalidInput("no build cache record", [JSON.stringify(id)]);
      const attempt = `remove build cache record ${id}`;
      const answer = await connection.call({
        attempt,
        method: "POST",
        path: "/build/prune",
        query: { all: true, filters: JSON.stringify({ id: { [id]: true } }) },
        deadlineMs: REMOVE_DEADLINE_MS,
        signal: options?.signal,
      });
      // Another prune is under way.
      if (answer.status === 409) return "in-use";
      const { CachesDeleted } = decodeAnswer(attempt, buildPruneAnswer, answer);
      const others = CachesDeleted.filter((deleted) => deleted !== id);
      if (others.length > 0) throw new EngineAnswerInvalid(attempt, `it also removed ${others.join(", ")}`);
      return CachesDeleted.includes(id) ? "removed" : "in-use";
    },

    createInternalNetwork: (name, labels, { signal } = {}) =>
      createNetwork(
        connection,
        { name, create: { Driver: "bridge", Internal: true, Labels: labels } },
        signal,
      ),

    async createVolume(name, labels, { driver = "local", driverOptions = {}, signal } = {}) {
      const attempt = `create volume ${name}`;
      // The engine answers a second creation with the first volume, as if it were new. Between this look and the
      // creation another program may still take the name; its labels then differ from ours.
      const isTaken = await volumeExists(name, signal);
      if (isTaken) throw new EngineRefused(attempt, { status: 409, reason: "a volume of that name exists" });
      const answer = await connection.call({
        attempt,
        method: "POST",
        path: "/volumes/create",
        body: { Name: name, Driver: driver, DriverOpts: driverOptions, Labels: labels },
        deadlineMs: INSPECT_DEADLINE_MS,
        signal,
      });
      const volume = readVolume(decodeAnswer(attempt, volumeAnswer, answer));
      if (!Object.entries(labels).every(([key, value]) => volume.labels[key] === value)) {
        throw new EngineRefused(attempt, { status: 409, reason: "a volume of that name exists by now" });
      }
      return volume;
    },
  };
}

function removal(answer: EngineAnswer): Removal {
  if (answer.status === 404) return "already-gone";
  return answer.status === 409 ? "in-use" : "removed";
}

/** A name or an id as one step of a path. Without text the path would mean the whole collection. */
function pathSegment(name: string): string {
  if (name === "" || name === "." || name === "..") throw new InvalidInput("no name", [JSON.stringify(name)]);
  return encodeURIComponent(name);
}
