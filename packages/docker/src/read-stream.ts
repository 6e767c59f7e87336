import type { IncomingMessage } from "node:http";
import { DeadlinePassed } from "@shipkeeper/kit";
import type { Connection } from "./connection.ts";
import { DockerUnavailable, EngineAnswerInvalid, EngineRefused } from "./engine-errors.ts";
import type { EngineCall } from "./engine-wire.ts";

/** Reads an answer that ends by itself but is no JSON text, within a deadline. Throws as `Connection.call` does. */
export async function readStream<T>(
  connection: Connection,
  { deadlineMs, signal, ...call }: EngineCall,
  read: (chunks: IncomingMessage) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs);
  const either = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
  try {
    return await read(await connection.stream({ ...call, signal: either }));
  } catch (error) {
    signal?.throwIfAborted();
    const { address } = connection;
    if (deadline.aborted)
      throw new DeadlinePassed(`to ${call.attempt} at ${address}`, deadlineMs, { cause: error });
    const isOurs = error instanceof EngineRefused || error instanceof EngineAnswerInvalid;
    throw isOurs || error instanceof DockerUnavailable
      ? error
      : new DockerUnavailable(address, { cause: error });
  }
}
