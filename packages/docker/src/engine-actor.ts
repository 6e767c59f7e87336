/**
 * The half of the engine port that changes the host. One object a call, by full id or exact reference; never with
 * force, so that the engine's own refusal guards against what changed since the plan.
 */
import { InvalidInput, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { VolumeName } from "@shipkeeper/model";
import * as z from "zod";
import type { Connection } from "./connection.ts";
import { containerActor } from "./container-actor.ts";
import { decodeAnswer } from "./answers/decode-answer.ts";
import { EngineAnswerInvalid, EngineRefused } from "./engine-errors.ts";
import { type EngineAnswer, reasonIn } from "./engine-wire.ts";
import type { CallOptions, EngineActor, Removal } from "./engine.ts";
import { buildPruneAnswer, volumeAnswer } from "./answers/host-answers.ts";
import { readVolume } from "./answers/read-host.ts";

const INSPECT_DEADLINE_MS = 10 * SECOND_MS;
/** Each new network rewrites the host's packet filter, under a lock that all programs share. */
const NETWORK_DEADLINE_MS = 30 * SECOND_MS;
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
        path: `/images/${pathOf(reference)}`,
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

    async createInternalNetwork(name, labels, options) {
      const attempt = `create network ${name}`;
      const answer = await connection.call({
        attempt,
        method: "POST",
        path: "/networks/create",
        // Older engines take the same name twice where they are not told to look.
        body: { Name: name, CheckDuplicate: true, Driver: "bridge", Internal: true, Labels: labels },
        deadlineMs: NETWORK_DEADLINE_MS,
        signal: options?.signal,
      });
      if (answer.status >= 400) {
        throw new EngineRefused(attempt, { status: answer.status, reason: reasonIn(answer.body) });
      }
      return { id: decodeAnswer(attempt, z.object({ Id: z.string().min(1) }), answer).Id };
    },

    async createVolume(name, labels, options: CallOptions = {}) {
      const attempt = `create volume ${name}`;
      // The engine answers a second creation with the first volume, as if it were new. Between this look and the
      // creation another program may still take the name; its labels then differ from ours.
      const isTaken = await volumeExists(name, options.signal);
      if (isTaken) throw new EngineRefused(attempt, { status: 409, reason: "a volume of that name exists" });
      const answer = await connection.call({
        attempt,
        method: "POST",
        path: "/volumes/create",
        body: { Name: name, Driver: "local", Labels: labels },
        deadlineMs: INSPECT_DEADLINE_MS,
        signal: options.signal,
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

/** An image reference as a part of a path: what the engine itself would never call an image does not get there. */
function pathOf(reference: string): string {
  const isReference = /^[A-Za-z0-9][A-Za-z0-9._:@/-]{0,511}$/.test(reference) && !reference.includes("..");
  if (!isReference) throw new InvalidInput("no image reference", [JSON.stringify(reference)]);
  return reference;
}
