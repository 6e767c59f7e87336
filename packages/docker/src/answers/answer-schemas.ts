/** How the engine writes things that many of its answers share: absent lists as null, "not set" as 0 or "". */
import * as z from "zod";

/** A list that the engine writes as null, or leaves out, where it is empty. */
export const listOf = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);

/** A map of texts that the engine writes as null where it is empty. */
export const textMap = z
  .record(z.string(), z.string())
  .nullish()
  .transform((map) => map ?? {});

export const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

export const flag = z
  .boolean()
  .nullish()
  .transform((value) => value ?? false);

/** A whole number; 0 where it is absent. */
export const number = z
  .number()
  .nullish()
  .transform((value) => (value === undefined || value === null ? 0 : Math.trunc(value)));

/** A size or a count that the engine writes as 0 or -1 where it is unlimited or was not measured. */
export const positive = number.transform((value) => (value > 0 ? value : undefined));

/** A size that may well be 0, and is -1 where it was not measured. */
export const measured = z
  .number()
  .nullish()
  .transform((value) => (value === undefined || value === null || value < 0 ? undefined : Math.trunc(value)));

/** A health check as images and containers carry it. All times in nanoseconds; 0 is "the default". */
export const healthCheckAnswer = z
  .object({
    Test: listOf(z.string()),
    Interval: number,
    Timeout: number,
    StartPeriod: number,
    Retries: number,
  })
  .nullish();
export type HealthCheckAnswer = z.output<typeof healthCheckAnswer>;
