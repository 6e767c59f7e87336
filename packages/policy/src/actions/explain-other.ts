import type { Reason } from "./action.ts";

/** A reason that is not the kind's own: the round's, or one of a newer version, told by its code and its facts. */
export function explainOther({ why, ...facts }: Reason): string {
  if (why === "taken-by-rule") return `rule ${printed(facts["rule"])} takes it in this round`;
  const told = Object.entries(facts).map(([name, value]) => `${name} ${printed(value)}`);
  return [why.replaceAll("-", " "), ...told].join(", ");
}

function printed(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
}
