/**
 * What watching a host tells beyond its inventory: answers of probes, how processes ended, what people did, and what
 * holds healing back. Gathered by the agent, judged by planners; it travels with the host's standing.
 */
import { countSchema, instantSchema } from "@shipkeeper/model";
import * as z from "zod";
import { mapOf } from "./map-of.ts";

export const probeKindSchema = z.enum(["http", "tcp", "exec", "log-silence"]);
export type ProbeKind = z.infer<typeof probeKindSchema>;

/** How one probe of one container stands. */
export const probeStateSchema = z.object({
  /** As the policy or the container's label names it. */
  probe: z.string(),
  kind: probeKindSchema,
  lastAt: instantSchema,
  /** The first failure of the unbroken row; absent while it answers. */
  failingSince: instantSchema.optional(),
  failuresInARow: countSchema,
  /** So many failures in a row confirm it. */
  needed: countSchema,
  /** The last answer in words, without secrets. */
  said: z.string(),
});
export type ProbeState = z.infer<typeof probeStateSchema>;

/** How the processes of a container ended once. */
export const deathSchema = z.object({
  at: instantSchema,
  exitCode: z.int().optional(),
  outOfMemory: z.boolean(),
  /** Somebody, or the agent, had it stopped: no surprise. */
  expected: z.boolean(),
});
export type Death = z.infer<typeof deathSchema>;

/** What somebody other than the agent did to a container last. */
export const touchSchema = z.object({
  at: instantSchema,
  what: z.enum(["start", "stop", "kill", "restart", "pause", "unpause", "update", "rename"]),
});
export type Touch = z.infer<typeof touchSchema>;

/** A pause of healing that somebody on the host ordered. */
export const pauseSchema = z.object({
  /** A pattern of container names; absent for all of the host. */
  containers: z.string().optional(),
  until: instantSchema,
  reason: z.string(),
});
export type Pause = z.infer<typeof pauseSchema>;

/** How hard the host is at work. What cannot be read is absent. */
export const loadSchema = z.object({
  /** Load average of the last minute for each processor. */
  loadPerCpu: z.number().optional(),
  /** Shares from 0 to 1. */
  memoryAvailable: z.number().optional(),
  diskFree: z.number().optional(),
  /** Share of the last ten seconds in which all work stood still for want of it: the kernel's pressure `full avg10`. */
  memoryStalled: z.number().optional(),
  ioStalled: z.number().optional(),
});
export type Load = z.infer<typeof loadSchema>;

export const signalsSchema = z.object({
  /** Container id → its probes. */
  probes: mapOf(z.array(probeStateSchema).readonly()),
  /** Container id → how it ended lately, oldest first. */
  deaths: mapOf(z.array(deathSchema).readonly()),
  /** Container id → the last touch by somebody else. */
  touches: mapOf(touchSchema),
  /** Container id → since when its process is gone although the engine says that it runs. */
  ghosts: mapOf(instantSchema),
  /** Container id → the work of the agent that has it in hand: `backup`, `restart`, … */
  busy: mapOf(z.string()),
  pauses: z.array(pauseSchema).readonly(),
  /** Since when the engine answers without a break; absent while it is not known, or does not answer. */
  engineUpSince: instantSchema.optional(),
  hostUpSince: instantSchema.optional(),
  load: loadSchema,
  /** Image id → on how many hosts its containers are sick now, by the collector's word. */
  sickImages: mapOf(countSchema),
});
export type Signals = z.infer<typeof signalsSchema>;

/** The signals of a host that nobody watches. */
export const NO_SIGNALS: Signals = {
  probes: new Map(),
  deaths: new Map(),
  touches: new Map(),
  ghosts: new Map(),
  busy: new Map(),
  pauses: [],
  load: {},
  sickImages: new Map(),
};
