/** Every action kind, one line each. The agent's list of handlers is checked against it by the compiler. */
import type { ActionKind } from "./action.ts";
import { backup } from "./backup/index.ts";
import { drill } from "./drill/index.ts";
import { expire } from "./expire/index.ts";
import { prune } from "./prune/index.ts";
import { rebuild } from "./rebuild/index.ts";
import { registry } from "./registry/index.ts";
import { retain } from "./retain/index.ts";
import { restart } from "./restart/index.ts";
import { verify } from "./verify/index.ts";

export const catalog = {
  prune,
  backup,
  restart,
  expire,
  registry,
  drill,
  rebuild,
  retain,
  verify,
} as const;

export type Kind = keyof typeof catalog;
/** What a rule of the kind says, decoded. */
export type SpecOf<K extends Kind> = (typeof catalog)[K] extends ActionKind<K, infer Spec> ? Spec : never;

export const KINDS = Object.keys(catalog) as readonly Kind[];

/** Kinds that a rule of a policy opens with; the others only come along with one of these. */
export const WRITTEN_KINDS: readonly Kind[] = KINDS.filter(
  (kind) => actionKind(kind)?.companionOnly !== true,
);

/** Undefined for a kind that this version does not have, e.g. of a newer collector. */
export function actionKind(kind: string): ActionKind<Kind> | undefined {
  return isKind(kind) ? catalog[kind] : undefined;
}

/** Undefined where no rule opens with this word. */
export function writtenKind(word: string): ActionKind<Kind> | undefined {
  return WRITTEN_KINDS.some((kind) => kind === word) ? actionKind(word) : undefined;
}

export function isKind(kind: string): kind is Kind {
  return Object.hasOwn(catalog, kind);
}
