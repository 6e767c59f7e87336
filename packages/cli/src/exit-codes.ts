import { OperationalError } from "@shipkeeper/kit";

/** What the command ends with. Scripts rely on these. */
export const EXIT = { ok: 0, failed: 1, usage: 2, policyGate: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line was understood by the parser but asks for something that makes no sense. */
export class WrongUsage extends OperationalError {
  override readonly name = "WrongUsage";
  readonly code = "wrong_usage";
  readonly retryable = false;
}

/** A policy was not let through: it has mistakes, or the collector refused it; or an image by a policy. One line per reason. */
export class PolicyGateClosed extends OperationalError {
  override readonly name = "PolicyGateClosed";
  readonly code = "policy_gate_closed";
  readonly retryable = false;

  constructor(reasons: readonly string[]) {
    super(reasons.join("\n"));
  }
}

/** A comparison that was asked to end with 1 found differences; what they are was printed. */
export class ChangesFound extends OperationalError {
  override readonly name = "ChangesFound";
  readonly code = "changes_found";
  readonly retryable = false;

  constructor(count: number) {
    super(`${count} ${count === 1 ? "difference" : "differences"}`);
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof WrongUsage) return EXIT.usage;
  if (error instanceof PolicyGateClosed) return EXIT.policyGate;
  return EXIT.failed;
}
