import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { STATE_FOLDER } from "./fleet-state.ts";

/**
 * Runs `act` while no other process of this machine does so. The lock is the kernel's and held by a helper that ends when its pipe
 * from us closes: whoever dies within it leaves it open, and there is never a stale one.
 */
export async function withMachineLock<T>(act: () => Promise<T>): Promise<T> {
  await mkdir(STATE_FOLDER, { recursive: true });
  const helper = spawn("flock", [join(STATE_FOLDER, "lock"), "sh", "-c", "echo locked; exec cat"], {
    detached: true, // Ctrl-C must not take it from us
    stdio: ["pipe", "pipe", "ignore"],
  });
  const released = once(helper, "close");
  await once(helper.stdout, "data");
  try {
    return await act();
  } finally {
    helper.stdin.end();
    await released;
  }
}
