import type { RepositoryState } from "@shipkeeper/protocol";
import { reportState, type StateReport, type StateReportOptions } from "./report-state.ts";

/** Queues how the repositories are when it changed; when each was last used rides along. */
export function reportRepositories(options: StateReportOptions): StateReport<readonly RepositoryState[]> {
  return reportState(
    {
      name: "repositories-report",
      entry: (repositories) => ({
        kind: "repositories",
        at: options.clock(),
        repositories: [...repositories],
      }),
      steady: (repositories) => repositories.map((state) => ({ ...state, lastOkAt: undefined })),
    },
    options,
  );
}
