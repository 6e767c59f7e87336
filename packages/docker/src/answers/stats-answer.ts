import * as z from "zod";
import { listOf, measured, text } from "./answer-schemas.ts";

const traffic = z.object({ rx_bytes: measured, tx_bytes: measured });

/** `GET /containers/{id}/stats`. Of a container that does not run, `read` is year 1 and the rest empty. */
export const statsAnswer = z.object({
  read: text,
  cpu_stats: z.object({
    cpu_usage: z.object({ total_usage: measured }),
    throttling_data: z.object({ throttled_periods: measured, throttled_time: measured }).nullish(),
  }),
  memory_stats: z.object({
    usage: measured,
    limit: measured,
    /** `total_inactive_file` with version 1 of cgroups, `inactive_file` with version 2. */
    stats: z.object({ total_inactive_file: measured, inactive_file: measured }).nullish(),
  }),
  /** By interface; absent for a container on the host's network or on none. */
  networks: z.record(z.string(), traffic).nullish(),
  blkio_stats: z
    .object({ io_service_bytes_recursive: listOf(z.object({ op: text, value: measured })) })
    .nullish(),
  pids_stats: z.object({ current: measured }).nullish(),
});
export type StatsAnswer = z.output<typeof statsAnswer>;
