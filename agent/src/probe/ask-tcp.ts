/** Opens a connection once, and closes it. */
import { connect } from "node:net";
import type { Said } from "./ask.ts";
import type { ProbeTarget } from "./probe-target.ts";

/** Rejects where there was no connection, or the signal aborted. */
export function askTcp({ host, port }: ProbeTarget, signal: AbortSignal): Promise<Said> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, signal });
    socket.once("connect", () => {
      socket.destroy();
      resolve({ ok: true, said: "accepts connections" });
    });
    socket.once("error", reject);
  });
}
