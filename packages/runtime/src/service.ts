/** What runs for as long as the program does, and how a program starts, serves and ends. */
import { OperationalError, errorChain } from "@shipkeeper/kit";
import type { Logger } from "./log.ts";

/** `stop` ends it within its own bounds: nothing new is begun, what was begun is finished or left as the journal says. */
export interface Service {
  readonly name: string;
  stop(): Promise<void>;
}

/** Exit code for a configuration that cannot be used (sysexits.h EX_CONFIG): systemd does not restart on it. */
export const EXIT_CONFIG = 78;

/** A wrong configuration: one sentence per problem. */
export class ConfigProblem extends OperationalError {
  override readonly name = "ConfigProblem";
  readonly code = "config_problem";
  readonly retryable = false;
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** Stops in the given order, each even where one before it failed; the failures are logged. */
export async function stopAll(services: readonly Service[], log: Logger): Promise<void> {
  for (const service of services) {
    try {
      await service.stop();
    } catch (error) {
      log.error({ error, service: service.name }, "a service did not stop cleanly");
    }
  }
}

/** After this the program ends, whatever still runs: the journal tells the next start what was left. */
const STOP_DEADLINE_MS = 20_000;

/**
 * Runs a program: starts it, waits for SIGTERM or SIGINT, stops it, and exits with 0; with 78 for a configuration
 * problem, with 1 for anything else that kept it from starting.
 */
export async function runProgram(start: () => Promise<Service>): Promise<void> {
  let service: Service;
  try {
    service = await start();
  } catch (error) {
    const config = error instanceof ConfigProblem;
    process.stderr.write(`${config ? error.problems.join("\n") : errorChain(error)}\n`);
    process.exit(config ? EXIT_CONFIG : 1);
  }
  await new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
  await service.stop();
  process.exit(0);
}
