/** What people write behind options and as arguments. */
import { parseDuration } from "@shipkeeper/kit";
import { InvalidArgumentError } from "commander";

export function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError("expected a whole number from 1");
  return Number(text);
}

/** In milliseconds. */
export function duration(text: string): number {
  const parsed = parseDuration(text);
  if (parsed === undefined || parsed === 0) throw new InvalidArgumentError("expected a duration such as 30d");
  return parsed;
}
