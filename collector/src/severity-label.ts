import type { Labels } from "@shipkeeper/model";
import { severitySchema, type Severity } from "@shipkeeper/policy";

/** A label of a container, a volume or a host: how severe what befalls it is to people. */
export const SEVERITY_LABEL = "shipkeeper.severity";

/** What somebody who knows the thing says; undefined where the label is not there, or is none. */
export function severityOf(labels: Labels): Severity | undefined {
  return severitySchema.safeParse(labels[SEVERITY_LABEL]).data;
}
