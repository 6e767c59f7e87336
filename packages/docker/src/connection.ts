import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type EngineAddress, formatEngineAddress } from "./engine-address.ts";
import { DockerUnavailable, EngineRefused } from "./engine-errors.ts";
import type { EngineAnswer, EngineCall, StreamCall } from "./engine-wire.ts";
import { type Negotiated, negotiate } from "./negotiate.ts";

/** An engine by its address: negotiated with at the first call, and again after it was away. */
export interface Connection {
  readonly address: string;
  /** The API version that is spoken. Throws as `call` does. */
  apiVersion(signal?: AbortSignal): Promise<string>;
  call(call: EngineCall): Promise<EngineAnswer>;
  stream(call: StreamCall): Promise<IncomingMessage>;
  duplex(call: StreamCall): Promise<Duplex>;
}

export function openConnection(address: EngineAddress): Connection {
  let agreed: Promise<Negotiated> | undefined;

  /** Shared by all callers, so that no caller's signal ends it: its own deadline does. */
  function agreement(): Promise<Negotiated> {
    if (agreed !== undefined) return agreed;
    const attempt = negotiate(address);
    agreed = attempt;
    attempt.catch(() => forget(attempt));
    return attempt;
  }

  /** A slow failure must not undo a newer agreement. */
  function forget(failed: Promise<Negotiated>): void {
    if (agreed === failed) agreed = undefined;
  }

  async function using<T>(signal: AbortSignal | undefined, use: (on: Negotiated) => Promise<T>): Promise<T> {
    const attempt = agreement();
    try {
      return await use(await unlessAborted(attempt, signal));
    } catch (error) {
      if (mayBeAnotherEngine(error)) forget(attempt);
      throw error;
    }
  }

  return {
    address: formatEngineAddress(address),
    apiVersion: (signal) => using(signal, async ({ apiVersion }) => apiVersion),
    call: (call) => using(call.signal, ({ wire }) => wire.call(call)),
    stream: (call) => using(call.signal, ({ wire }) => wire.stream(call)),
    duplex: (call) => using(call.signal, ({ wire }) => wire.duplex(call)),
  };
}

/** Whether what answers next at this address may be another version than before. */
function mayBeAnotherEngine(error: unknown): boolean {
  if (error instanceof EngineRefused) return error.status === 400 && error.message.includes("client version");
  return error instanceof DockerUnavailable;
}

async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
