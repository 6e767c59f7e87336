import { formatInstant, unreachable } from "@shipkeeper/kit";
import type { RestartReason } from "./reason.ts";

type WaitingReason = Extract<
  RestartReason,
  {
    why:
      | "cannot-see"
      | "engine-came-up"
      | "host-came-up"
      | "maintenance"
      | "busy"
      | "touched"
      | "start-period"
      | "dependency"
      | "host-storm"
      | "host-pressure"
      | "fleet-storm";
  }
>;

/** What else than its own sickness a container waits for. */
export function explainWait(reason: WaitingReason): string {
  switch (reason.why) {
    case "cannot-see":
      return `the engine cannot be asked now (${reason.section})`;
    case "engine-came-up":
      return `the engine came up ${formatInstant(reason.upSince)}, waits until ${formatInstant(reason.until)}`;
    case "host-came-up":
      return `the host came up ${formatInstant(reason.upSince)}, waits until ${formatInstant(reason.until)}`;
    case "maintenance":
      return `healing is paused until ${formatInstant(reason.until)}: ${reason.because}`;
    case "busy":
      return `a ${reason.work} is at work on it`;
    case "touched":
      return `${TOUCH_WORDS[reason.what]} by hand ${formatInstant(reason.at)}, left alone until ${formatInstant(reason.until)}`;
    case "start-period":
      return `has until ${formatInstant(reason.until)} to come up`;
    case "dependency":
      return `${ROOT_WORDS[reason.rootIs](reason.root.name)}${untilOf(reason.until)}`;
    case "host-storm":
      return `${reason.sick} of ${reason.of} fell ill together: look at the host`;
    case "host-pressure":
      return `the host is at its limit: ${PRESSURE_WORDS[reason.what](reason.value)}`;
    case "fleet-storm":
      return `its image is sick on ${reason.hosts} hosts: no restart will mend it`;
    default:
      return unreachable(reason);
  }
}

const TOUCH_WORDS: Readonly<Record<Extract<WaitingReason, { why: "touched" }>["what"], string>> = {
  start: "started",
  stop: "stopped",
  kill: "killed",
  restart: "restarted",
  pause: "paused",
  unpause: "woken",
  update: "changed",
  rename: "renamed",
};

const ROOT_WORDS: Readonly<
  Record<Extract<WaitingReason, { why: "dependency" }>["rootIs"], (name: string) => string>
> = {
  sick: (name) => `depends on ${name}, which is sick and goes first`,
  "not-running": (name) => `depends on ${name}, which does not run`,
  starting: (name) => `depends on ${name}, which is starting`,
  recovered: (name) => `depends on ${name}, which is well again`,
};

function untilOf(until: number | undefined): string {
  return until === undefined ? "" : `: has until ${formatInstant(until)} to follow`;
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

const PRESSURE_WORDS: Readonly<
  Record<Extract<WaitingReason, { why: "host-pressure" }>["what"], (value: number) => string>
> = {
  memoryAvailable: (value) => `${percent(value)} of its memory is left`,
  diskFree: (value) => `${percent(value)} of its disk is free`,
  memoryStalled: (value) => `stands still for want of memory ${percent(value)} of the time`,
  ioStalled: (value) => `stands still for its disks ${percent(value)} of the time`,
  loadPerCpu: (value) => `${value.toFixed(1)} want each processor`,
};
