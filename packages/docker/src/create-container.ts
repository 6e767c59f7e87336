import { errorChain, MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import { type ContainerId, containerIdSchema } from "@shipkeeper/model";
import * as z from "zod";
import type { CopyOrder } from "./answers/copy-configuration.ts";
import { decodeAnswer } from "./answers/decode-answer.ts";
import type { Connection } from "./connection.ts";
import { EngineRefused } from "./engine-errors.ts";
import { type EngineAnswer, reasonIn } from "./engine-wire.ts";

/** Volumes of slow drivers are made, and an image's layers prepared, before a container is there. */
const CREATE_DEADLINE_MS = 2 * MINUTE_MS;
const CONNECT_DEADLINE_MS = 10 * SECOND_MS;

/** A new container, not started, in all of its networks. Throws as `Connection.call` does; then there is none. */
export async function createContainer(
  connection: Connection,
  name: string,
  { create: body, connect = [] }: Pick<CopyOrder, "create"> & Partial<CopyOrder>,
  signal: AbortSignal | undefined,
): Promise<{ readonly id: ContainerId }> {
  const attempt = `create container ${name}`;
  const answer = await connection.call({
    attempt,
    method: "POST",
    path: "/containers/create",
    query: { name },
    body,
    deadlineMs: CREATE_DEADLINE_MS,
    signal,
  });
  const { Id: id } = decodeAnswer(attempt, z.object({ Id: containerIdSchema }), answer);
  for (const joining of connect) await join(connection, id, joining, signal);
  return { id };
}

/** A container that cannot be in all of its networks is not left behind. */
async function join(
  connection: Connection,
  id: ContainerId,
  { network, endpoint }: CopyOrder["connect"][number],
  signal: AbortSignal | undefined,
): Promise<void> {
  const attempt = `connect container ${id} to network ${network}`;
  try {
    const answer = await connection.call({
      attempt,
      method: "POST",
      path: `/networks/${encodeURIComponent(network)}/connect`,
      body: { Container: id, EndpointConfig: endpoint },
      deadlineMs: CONNECT_DEADLINE_MS,
      signal,
    });
    throwRefused(attempt, answer);
  } catch (error) {
    const left = await discard(connection, id).then(() => undefined, errorChain);
    if (left === undefined) throw error;
    throw new Error(`container ${id} is not in all of its networks, and cannot be removed: ${left}`, {
      cause: error,
    });
  }
}

async function discard(connection: Connection, id: ContainerId): Promise<void> {
  const attempt = `remove container ${id}`;
  const query = { force: false, v: false };
  const path = `/containers/${id}`;
  throwRefused(
    attempt,
    await connection.call({ attempt, method: "DELETE", path, query, deadlineMs: CREATE_DEADLINE_MS }),
  );
}

/** For calls to which 404 and 409 mean nothing but a refusal. */
export function throwRefused(attempt: string, { status, body }: EngineAnswer): void {
  if (status >= 400) throw new EngineRefused(attempt, { status, reason: reasonIn(body) });
}
