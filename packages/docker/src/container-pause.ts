/** Has the processes of one container stand still, and go on. */
import { SECOND_MS } from "@shipkeeper/kit";
import type { ContainerId } from "@shipkeeper/model";
import * as z from "zod";
import { decodeAnswer } from "./answers/decode-answer.ts";
import type { Connection } from "./connection.ts";
import { EngineRefused } from "./engine-errors.ts";
import { reasonIn } from "./engine-wire.ts";
import type { CallOptions, EngineActor } from "./engine.ts";

const INSPECT_DEADLINE_MS = 10 * SECOND_MS;
/** The kernel freezes each thread at its next return; one that hangs in a system call keeps the engine waiting. */
const PAUSE_DEADLINE_MS = 30 * SECOND_MS;

const stateAnswer = z.object({ State: z.object({ Running: z.boolean(), Paused: z.boolean() }) });

export function containerPause(
  connection: Connection,
): Pick<EngineActor, "pauseContainer" | "unpauseContainer"> {
  async function stateOf(id: ContainerId, signal: AbortSignal | undefined) {
    const attempt = `inspect container ${id}`;
    const path = `/containers/${id}/json`;
    const answer = await connection.call({ attempt, path, deadlineMs: INSPECT_DEADLINE_MS, signal });
    return answer.status === 404 ? undefined : decodeAnswer(attempt, stateAnswer, answer).State;
  }

  /**
   * False where there was nothing to pause or to wake. Engines say so with different statuses, among them those of real
   * failures: what the container is tells them apart.
   */
  async function turns(
    verb: "pause" | "unpause",
    id: ContainerId,
    { signal }: CallOptions = {},
  ): Promise<boolean> {
    const attempt = `${verb} container ${id}`;
    const path = `/containers/${id}/${verb}`;
    try {
      const call = { attempt, method: "POST", path, deadlineMs: PAUSE_DEADLINE_MS, signal } as const;
      const { status, body } = await connection.call(call);
      if (status >= 400) throw new EngineRefused(attempt, { status, reason: reasonIn(body) });
      return true;
    } catch (error) {
      if (!(error instanceof EngineRefused)) throw error;
      const state = await stateOf(id, signal);
      const couldTurn = state !== undefined && state.Running && state.Paused === (verb === "unpause");
      if (couldTurn) throw error;
      return false;
    }
  }

  return {
    async pauseContainer(id, options) {
      if (await turns("pause", id, options)) return "paused";
      const state = await stateOf(id, options?.signal);
      if (state === undefined) return "already-gone";
      return state.Paused ? "already-paused" : "not-running";
    },

    async unpauseContainer(id, options) {
      if (await turns("unpause", id, options)) return "unpaused";
      return (await stateOf(id, options?.signal)) === undefined ? "already-gone" : "not-paused";
    },
  };
}
