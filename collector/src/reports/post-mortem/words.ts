/** Words that the page and the text of a post-mortem share. */
import { formatBytes, printable, SECOND_MS, unreachable, type Instant } from "@shipkeeper/kit";
import type { Evidence, Usage } from "@shipkeeper/protocol";

const SIGNALS: Readonly<Record<number, string>> = {
  1: "SIGHUP",
  2: "SIGINT",
  3: "SIGQUIT",
  4: "SIGILL",
  6: "SIGABRT",
  7: "SIGBUS",
  8: "SIGFPE",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
};

const METRICS: Readonly<Record<Usage["metric"], string>> = {
  cpu: "Processor",
  memory: "Memory",
  "network-in": "Network, received",
  "network-out": "Network, sent",
  "disk-read": "Disk, read",
  "disk-write": "Disk, written",
  processes: "Processes",
};

export const metricInWords = (metric: Usage["metric"]): string => METRICS[metric];

export function valueInWords(value: number, unit: Usage["unit"]): string {
  switch (unit) {
    case "cores":
      return `${value.toFixed(2)} cores`;
    case "bytes":
      return formatBytes(value);
    case "bytes-a-second":
      return `${formatBytes(value)}/s`;
    case "count":
      return String(Math.round(value));
    default:
      return unreachable(unit);
  }
}

/** `signal 9 (SIGKILL)` */
export function signalInWords(signal: number): string {
  const name = SIGNALS[signal];
  return name === undefined ? `signal ${signal}` : `signal ${signal} (${name})`;
}

/** `exit code 3`, or what else is known of an end. */
export function exitInWords({ exitCode, signal }: Pick<Evidence, "exitCode" | "signal">): string {
  if (signal !== undefined) return signalInWords(signal);
  return exitCode === undefined ? "an exit code that is not known" : `exit code ${exitCode}`;
}

/** `02:00:11Z`, with the date where it is another day than `day`. */
export function timeOf(at: Instant, day: Instant): string {
  const [date = "", time = ""] = new Date(at).toISOString().split("T");
  const clock = `${time.slice(0, "02:00:11".length)}Z`;
  return date === dateOf(day) ? clock : `${date} ${clock}`;
}

export const dateOf = (at: Instant): string => new Date(at).toISOString().slice(0, "2030-01-31".length);

/** `34 s`, `12 min`, `3.5 h`: exact enough to see what was quick. */
export function spanInWords(ms: number): string {
  const seconds = Math.max(0, ms) / SECOND_MS;
  if (seconds < 1) return `${Math.round(ms)} ms`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${(seconds / 3_600).toFixed(1).replace(/\.0$/, "")} h`;
  return `${Math.round(seconds / 86_400)} days`;
}

/** The first line that says something, in quotes; undefined where none does. */
export function quoted(text: string, most = 160): string | undefined {
  const line = text.split(/\r?\n/).find((one) => one.trim() !== "");
  return line === undefined ? undefined : `“${printable(line.trim(), most)}”`;
}

/** `256 MB memory, 0.5 processors, 100 processes` */
export function limitsInWords({ memoryBytes, nanoCpus, pids }: Evidence["limits"]): string {
  const parts = [
    ...(memoryBytes === undefined ? [] : [`${formatBytes(memoryBytes)} of memory`]),
    ...(nanoCpus === undefined ? [] : [`${(nanoCpus / 1e9).toFixed(2).replace(/\.?0+$/, "")} processors`]),
    ...(pids === undefined ? [] : [`${pids} processes`]),
  ];
  return parts.length === 0 ? "none" : parts.join(", ");
}

/** `load 0.4 a processor, 32 % of memory available` */
export function loadInWords(load: Evidence["hostLoad"]): string {
  const percent = (share: number | undefined, words: string) =>
    share === undefined ? [] : [`${Math.round(100 * share)} % ${words}`];
  const parts = [
    ...(load.loadPerCpu === undefined ? [] : [`load ${load.loadPerCpu.toFixed(2)} a processor`]),
    ...percent(load.memoryAvailable, "of memory available"),
    ...percent(load.diskFree, "of disk free"),
    ...percent(load.memoryStalled, "of time stalled for memory"),
    ...percent(load.ioStalled, "of time stalled for disks"),
  ];
  return parts.length === 0 ? "not known" : parts.join(", ");
}
