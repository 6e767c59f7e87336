import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("watchdog-main.ts", import.meta.url));

export interface Watchdog {
  /** Sends it home after the fleet was torn down. */
  stop(): Promise<void>;
}

/**
 * A process of its own that outlives us, if only for a second: it holds the end of a pipe from us, and when the pipe closes,
 * for whatever reason we ended, it tears down the fleet, unless that was done.
 */
export function startWatchdog(fleetId: string): Watchdog {
  // Detached: Ctrl-C goes to the whole foreground group, and must not reach it.
  const child: ChildProcess = spawn(process.execPath, [PROGRAM, fleetId], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    cwd: "/",
  });
  const ended = once(child, "exit");
  child.unref();
  const pipe = child.stdin as Socket;
  pipe.unref();
  pipe.on("error", () => undefined); // somebody killed it: the next start clears up instead

  return {
    async stop() {
      child.ref();
      pipe.end();
      await ended;
    },
  };
}
