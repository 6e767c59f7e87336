import { parseArgs } from "node:util";

export interface DemoOptions {
  readonly hosts: number;
  readonly containers: number;
  /** End after one cycle. */
  readonly once: boolean;
  /** Where to write the summary; nowhere if undefined. */
  readonly json: string | undefined;
  /** The collector's port, on every address of this machine. */
  readonly port: number;
  readonly seed: number;
}

export const USAGE = `usage: ./install.sh demo [OPTIONS]

  --hosts N        real Docker hosts to start (1 to 40, default 10)
  --containers N   containers over all of them (default 5 a host)
  --once           end after one maintenance cycle
  --json FILE      write the summary; the HTML report goes beside it
  --port P         the collector's port (default 8080)
  --seed N         another fleet, the same each time (default 1)`;

/** Throws an `Error` with one sentence where an option makes no sense. */
export function parseOptions(args: readonly string[]): DemoOptions | "help" {
  const { values } = parseArgs({
    args: [...args],
    options: {
      hosts: { type: "string", default: "10" },
      containers: { type: "string" },
      once: { type: "boolean", default: false },
      json: { type: "string" },
      port: { type: "string", default: "8080" },
      seed: { type: "string", default: "1" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const hosts = wholeNumber("hosts", values.hosts, 1, 40);
  return {
    hosts,
    containers: wholeNumber("containers", values.containers ?? String(5 * hosts), hosts, 2_000),
    once: values.once,
    json: values.json,
    port: wholeNumber("port", values.port, 1, 65_535),
    seed: wholeNumber("seed", values.seed, 0, 2 ** 31),
  };
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} ${text}: expected a whole number from ${least} to ${most}`);
}
