import { standingSchema, type Standing } from "@shipkeeper/policy";
import * as z from "zod";
import { reportState, type StateReport, type StateReportOptions } from "./report-state.ts";

/** Queues what the host's rounds go by when it changed, so that a policy can be tried out on it from afar. */
export function reportStanding(options: StateReportOptions): StateReport<Standing> {
  const plain = (standing: Standing) => z.encode(standingSchema, standing);
  return reportState(
    {
      name: "standing-report",
      entry: (standing) => ({ kind: "standing", at: options.clock(), standing: plain(standing) }),
      steady: plain,
    },
    options,
  );
}
