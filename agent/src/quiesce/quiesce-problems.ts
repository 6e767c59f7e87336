import { formatDuration, OperationalError } from "@shipkeeper/kit";

/** Somebody else has a container in hand. */
export class ContainerBusy extends OperationalError {
  override readonly name = "ContainerBusy";
  readonly code = "container_busy";
  readonly retryable = true;

  constructor(container: string) {
    super(`container ${container} is being worked on`);
  }
}

/** What was done took longer than containers may stand still: it was ended, and they run again. */
export class QuiesceTimeout extends OperationalError {
  override readonly name = "QuiesceTimeout";
  readonly code = "quiesce-timeout";
  readonly retryable = true;

  constructor(maxQuiesceMs: number) {
    const most = formatDuration(maxQuiesceMs);
    super(`containers may stand still for ${most} at most: it was ended before it was done`);
  }
}
