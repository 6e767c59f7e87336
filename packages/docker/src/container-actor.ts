/** What may be done to one container: end it, begin it, name it, make another one like it. Never with force. */
import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import { type ContainerId, DEFAULT_STOP_SECONDS } from "@shipkeeper/model";
import * as z from "zod";
import { configurationAnswer, copyConfiguration } from "./answers/copy-configuration.ts";
import { containerAnswer } from "./answers/container-answer.ts";
import { decodeAnswer } from "./answers/decode-answer.ts";
import { isolableAnswer, isolateConfiguration } from "./answers/isolate-configuration.ts";
import type { Connection } from "./connection.ts";
import { createContainer, throwRefused } from "./create-container.ts";
import { EngineRefused } from "./engine-errors.ts";
import { type EngineAnswer, reasonIn } from "./engine-wire.ts";
import type { CallOptions, EngineActor } from "./engine.ts";
import { isImageReference } from "./image-path.ts";
import { speaks } from "./negotiate.ts";

const INSPECT_DEADLINE_MS = 10 * SECOND_MS;
/** What a stop or a restart may take beyond the time that the container is given to end. */
export const STOP_GRACE_MS = 15 * SECOND_MS;
/** Volumes of slow drivers are mounted, and an image's layers prepared, before a container begins. */
const START_DEADLINE_MS = 2 * MINUTE_MS;
/** The engine awaits the end of what it killed for ten seconds, then kills by itself and awaits it again. */
const KILL_DEADLINE_MS = 25 * SECOND_MS;

type ContainerActor = Pick<
  EngineActor,
  | "restartContainer"
  | "stopContainer"
  | "startContainer"
  | "killContainer"
  | "renameContainer"
  | "copyContainer"
  | "copyIsolated"
>;

export function containerActor(connection: Connection): ContainerActor {
  /** How long a container asked to be given to stop; undefined where it is gone. */
  async function stopTimeoutOf(id: ContainerId, signal: AbortSignal | undefined) {
    const attempt = `inspect container ${id}`;
    const answer = await inspect(id, signal);
    if (answer.status === 404) return undefined;
    const { Config } = decodeAnswer(attempt, containerAnswer, answer);
    return Config.StopTimeout ?? DEFAULT_STOP_SECONDS;
  }

  function inspect(id: ContainerId, signal: AbortSignal | undefined): Promise<EngineAnswer> {
    return connection.call({
      attempt: `inspect container ${id}`,
      path: `/containers/${id}/json`,
      deadlineMs: INSPECT_DEADLINE_MS,
      signal,
    });
  }

  /** Has its processes ended in time, and killed after it. Undefined where it was gone before the engine was asked. */
  async function endContainer(
    verb: "restart" | "stop",
    id: ContainerId,
    { timeoutSeconds, signal }: CallOptions & { timeoutSeconds?: number } = {},
  ): Promise<EngineAnswer | undefined> {
    const stopSeconds = timeoutSeconds ?? (await stopTimeoutOf(id, signal));
    if (stopSeconds === undefined) return undefined;
    const attempt = `${verb} container ${id}`;
    const answer = await connection.call({
      attempt,
      method: "POST",
      path: `/containers/${id}/${verb}`,
      query: timeoutSeconds === undefined ? {} : { t: timeoutSeconds },
      // A container may ask to be waited for without end (-1); then the grace is all it gets from us.
      deadlineMs: Math.max(0, stopSeconds) * SECOND_MS + STOP_GRACE_MS,
      signal,
    });
    if (answer.status === 409) {
      throw new EngineRefused(attempt, { status: 409, reason: reasonIn(answer.body) });
    }
    return answer;
  }

  /** Whether a name or an id means this image. */
  async function isImage(reference: string, id: string, signal: AbortSignal | undefined): Promise<boolean> {
    if (!isImageReference(reference)) return false;
    const attempt = `inspect image ${reference}`;
    const path = `/images/${reference}/json`;
    const answer = await connection.call({ attempt, path, deadlineMs: INSPECT_DEADLINE_MS, signal });
    return answer.status !== 404 && decodeAnswer(attempt, z.object({ Id: z.string() }), answer).Id === id;
  }

  return {
    async restartContainer(id, options) {
      const answer = await endContainer("restart", id, options);
      if (answer === undefined || answer.status === 404) return "already-gone";
      return "restarted";
    },

    async stopContainer(id, options) {
      const answer = await endContainer("stop", id, options);
      if (answer === undefined || answer.status === 404) return "already-gone";
      return answer.status === 304 ? "not-running" : "stopped";
    },

    async startContainer(id, options) {
      const attempt = `start container ${id}`;
      const answer = await connection.call({
        attempt,
        method: "POST",
        path: `/containers/${id}/start`,
        deadlineMs: START_DEADLINE_MS,
        signal: options?.signal,
      });
      if (isGone(answer)) return "already-gone";
      throwRefused(attempt, answer);
      return answer.status === 304 ? "already-running" : "started";
    },

    async killContainer(id, { processSignal = "SIGKILL", signal } = {}) {
      const answer = await connection.call({
        attempt: `send ${processSignal} to container ${id}`,
        method: "POST",
        path: `/containers/${id}/kill`,
        query: { signal: processSignal },
        deadlineMs: KILL_DEADLINE_MS,
        signal,
      });
      if (answer.status === 404) return "already-gone";
      return answer.status === 409 ? "not-running" : "killed";
    },

    async renameContainer(id, name, options) {
      const answer = await connection.call({
        attempt: `rename container ${id}`,
        method: "POST",
        path: `/containers/${id}/rename`,
        query: { name },
        deadlineMs: INSPECT_DEADLINE_MS,
        signal: options?.signal,
      });
      if (answer.status === 404) return "already-gone";
      return answer.status === 409 ? "name-taken" : "renamed";
    },

    async copyContainer(id, name, { signal } = {}) {
      const answer = await inspect(id, signal);
      if (answer.status === 404) return "already-gone";
      const own = decodeAnswer(`inspect container ${id}`, configurationAnswer, answer);
      const nameIsSame = await isImage(own.Config.Image, own.Image, signal);
      const manyNetworks = speaks(await connection.apiVersion(signal), "1.44");
      return createContainer(connection, name, copyConfiguration(own, { nameIsSame, manyNetworks }), signal);
    },

    async copyIsolated(id, name, isolation, { signal } = {}) {
      const answer = await inspect(id, signal);
      if (answer.status === 404) return "already-gone";
      const own = decodeAnswer(`inspect container ${id}`, isolableAnswer, answer);
      return createContainer(connection, name, { create: isolateConfiguration(own, isolation) }, signal);
    },
  };
}

/** A start also finds no network or no volume, with the same status: only the text tells. */
function isGone({ status, body }: EngineAnswer): boolean {
  return status === 404 && /no such container/i.test(reasonIn(body));
}
