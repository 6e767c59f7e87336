import { execFile } from "node:child_process";
import type { Logger } from "./log.ts";

/**
 * Tells systemd that a `Type=notify` service is up; does nothing anywhere else. Node has no datagram sockets of the
 * unix family, so systemd's own little program says it; the unit needs `NotifyAccess=all` for that.
 */
export function notifyReady(log: Logger, environment = process.env): void {
  if (environment["NOTIFY_SOCKET"] === undefined) return;
  execFile("systemd-notify", ["--ready", `--pid=${process.pid}`], { timeout: 5_000 }, (error) => {
    if (error !== null) log.warn({ error }, "could not tell systemd that the service is ready");
  });
}
