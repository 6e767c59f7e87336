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
  const bounds = boundsOf({ deadlineMs, signal });
  try {
    return await read(await connection.stream({ ...call, signal: bounds.signal }));
  } catch (error) {
    throw bounds.explain(error, { attempt: call.attempt, address: connection.address });
  }
}

/** What ends a stream before its time, and which of our errors its breaking then is. */
export interface StreamBounds {
  readonly signal: AbortSignal;
  /** Throws the caller's own reason where the caller gave up. */
  explain(error: unknown, about: { readonly attempt: string; readonly address: string }): unknown;
}

export function boundsOf({ deadlineMs, signal }: Pick<EngineCall, "deadlineMs" | "signal">): StreamBounds {
  const deadline = AbortSignal.timeout(deadlineMs);
  return {
    signal: signal === undefined ? deadline : AbortSignal.any([signal, deadline]),
    explain(error, { attempt, address }) {
      signal?.throwIfAborted();
      if (deadline.aborted)
        return new DeadlinePassed(`to ${attempt} at ${address}`, deadlineMs, { cause: error });
      const isOurs = error instanceof EngineRefused || error instanceof EngineAnswerInvalid;
      return isOurs || error instanceof DockerUnavailable
        ? error
        : new DockerUnavailable(address, { cause: error });
    },
  };
}
