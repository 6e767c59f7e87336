import { OperationalError } from "@shipkeeper/kit";

/** A registry could not be asked, or its answer cannot be used. */
export class RegistryProblem extends OperationalError {
  override readonly name = "RegistryProblem";
  readonly code = "registry_failed";
  readonly retryable = true;
}

/** A registry, or its configuration, that takes no deletions from us. Trying again helps nobody. */
export class DeletionNotAllowed extends OperationalError {
  override readonly name = "DeletionNotAllowed";
  readonly code = "registry_deletion_not_allowed";
  readonly retryable = false;
}
