import { OperationalError } from "@shipkeeper/kit";

/** A restore that must not be, and why. Nothing was changed. */
export class RestoreRefused extends OperationalError {
  override readonly name = "RestoreRefused";
  readonly code = "restore_refused";
  readonly retryable = false;
}
