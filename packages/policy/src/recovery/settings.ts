/** Settings in the engine's own words, which nobody has checked: what is of another type than expected counts as not set. */

export type Settings = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export const recordOf = (value: unknown): Settings => (isRecord(value) ? value : {});
export const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

export function recordsOf(value: unknown): Settings[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
