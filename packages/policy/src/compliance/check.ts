/**
 * What every compliance check has in common: the things it looks at, the three answers it may give, and how a failed
 * one is told. Each check is one file beside this one; `catalog.ts` lists them. Nothing here knows any of them.
 */
import type { Instant } from "@shipkeeper/kit";
import type { Container, Image, InventorySection, Volume } from "@shipkeeper/model";
import * as z from "zod";
import type { RebuildSpec } from "../actions/rebuild/spec.ts";
import type { Covered } from "../coverage/judge-coverage.ts";
import type { DatasetId } from "../dataset/dataset.ts";
import type { HostView } from "./host-view.ts";

/** How bad it is that something is so; `SEVERITY_WEIGHTS` says what each counts for in a score. */
export const severitySchema = z.enum(["critical", "high", "medium", "low"]);
export type Severity = z.infer<typeof severitySchema>;
/** The worst first. */
export const SEVERITIES: readonly Severity[] = severitySchema.options;

/** The plain facts that a finding rests on: its check makes a sentence of them. */
export const evidenceSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]),
);
export type Evidence = z.infer<typeof evidenceSchema>;

/** What a check says of one thing. `unknown` is neither: a fact that it needs could not be had, and `why` names it. */
export type Answer<E extends Evidence = Evidence> =
  | { readonly is: "passed" }
  | { readonly is: "unknown"; readonly why: string }
  | { readonly is: "failed"; readonly evidence: E };

export const PASSED = { is: "passed" } as const;
export const unknown = (why: string) => ({ is: "unknown", why }) as const;
export const failed = <E extends Evidence>(evidence: E) => ({ is: "failed", evidence }) as const;

/** What an image is built on, as far as anybody knows. */
export interface BaseImage {
  /** Every name that it goes by: tags and digests. */
  readonly names: readonly string[];
  readonly createdAt?: Instant | undefined;
}

/** An image that somebody wants to run: the name that was asked for, and what is known of an image that it names. */
export interface AskedImage {
  readonly reference: string;
  /** Absent where no host has it. */
  readonly image?: Image | undefined;
  /** The closest first; empty where nothing is known of what it is built on. */
  readonly bases: readonly BaseImage[];
}

/** A host that a rule wants rebuilt for a try, on the host that is judged. */
export interface RebuiltHost {
  /** The rule's `ruleKey`. */
  readonly rule: string;
  /** By which proofs of it are told. */
  readonly dataset: DatasetId;
  readonly spec: RebuildSpec;
}

export interface Check<Limit = unknown, E extends Evidence = Evidence> {
  /** Stands in waivers, tables and answers of the API: never changes. */
  readonly code: string;
  /** For the head of a list: `image too old`. */
  readonly title: string;
  /** Where the policy does not say otherwise. */
  readonly severity: Severity;
  /** What a policy says for this check, compiled. */
  readonly limit: z.ZodType<Limit>;
  readonly evidence: z.ZodType<E>;
  /** The lists that must have been read without a gap: with one, nothing is found and nothing is mended. */
  readonly needs: readonly InventorySection[];

  // Undefined is said of a thing that the check is not about: it counts neither as looked at nor as passed.
  image?(limit: Limit, image: Image, host: HostView): Answer<E> | undefined;
  container?(limit: Limit, container: Container, host: HostView): Answer<E> | undefined;
  volume?(limit: Limit, volume: Volume, host: HostView): Answer<E> | undefined;
  /** Of data that is in volumes and folders; asked only of hosts whose `backups` are known. */
  data?(limit: Limit, data: Covered, host: HostView): Answer<E> | undefined;
  /** Of another host that this one rebuilds for a try; asked only of hosts whose `backups` are known. */
  rebuild?(limit: Limit, rebuilt: RebuiltHost, host: HostView): Answer<E> | undefined;
  /** Whether an image may be run at all, for a pipeline that asks before any host has it. */
  gate?(limit: Limit, asked: AskedImage, now: Instant): Answer<E>;

  /** The evidence in words, for one line: `built 120 days ago (limit 90 days)`. */
  explain(evidence: E): string;
}
