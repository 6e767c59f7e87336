import { firstMatch, parseDuration } from "@shipkeeper/kit";
import type { Container } from "@shipkeeper/model";
import { selectsContainer } from "../../language/select.ts";
import { EXPIRE_LABEL, type ExpireSpec } from "./spec.ts";

/** How long a container may live by a rule, or why the rule is not about it. */
export type Claim = { readonly limitMs: number } | { readonly why: "not-selected" | "label-unreadable" };

/**
 * The policy's limit, or the container's own where its label asks for a shorter one. A label that cannot be read asks
 * for nothing: the policy's limit holds for what the policy selects, and nobody has opted in.
 */
export function claimOn(spec: ExpireSpec, container: Container): Claim {
  const label = ownLimit(container);
  const readable = label === undefined || label === "unreadable" ? undefined : label;
  if (isSelected(spec, container)) return { limitMs: Math.min(spec.olderThan, readable ?? Infinity) };
  if (!spec.optIn || label === undefined) return { why: "not-selected" };
  return readable === undefined
    ? { why: "label-unreadable" }
    : { limitMs: Math.min(spec.olderThan, readable) };
}

/** Whether a container that is refused by its nature is meant all the same: by its full name, or all of its sort. */
export function isNamed(
  { include, select }: ExpireSpec,
  sort: ExpireSpec["include"][number],
  { name }: Pick<Container, "name">,
): boolean {
  return include.includes(sort) || (select?.containers ?? []).includes(name);
}

function isSelected({ select, all }: ExpireSpec, container: Container): boolean {
  if (all) return true;
  if (select === undefined) return false;
  const { containers: names, labels, owners } = select;
  if (owners !== undefined && !isOwnedBy(owners, container)) return false;
  const hasOnlyOwners = owners !== undefined && names === undefined && labels === undefined;
  return hasOnlyOwners || selectsContainer({ names, labels }, container);
}

function isOwnedBy(owners: readonly string[], { owner }: Container): boolean {
  return owner !== undefined && firstMatch(owners, [owner]) !== undefined;
}

function ownLimit({ labels }: Container): number | "unreadable" | undefined {
  const text = Object.hasOwn(labels, EXPIRE_LABEL) ? labels[EXPIRE_LABEL] : undefined;
  if (text === undefined) return undefined;
  const parsed = parseDuration(text.trim());
  return parsed === undefined || parsed === 0 ? "unreadable" : parsed;
}
