import type { Brand } from "@shipkeeper/kit";
import * as z from "zod";

/** A host's stable random id (UUID), made at enrolment and kept for its life. */
export type HostId = Brand<string, "HostId">;
/** The engine's full container id: 64 hex digits. */
export type ContainerId = Brand<string, "ContainerId">;
/** The engine's full image id: `sha256:` and 64 hex digits. With the containerd store it is the manifest's digest. */
export type ImageId = Brand<string, "ImageId">;
export type VolumeName = Brand<string, "VolumeName">;
/** The execution of one plan (UUID). */
export type RunId = Brand<string, "RunId">;
/** One pass of the agent over its due rules (UUID). */
export type RoundId = Brand<string, "RoundId">;
/** The life of one outbox file (UUID): a rebuilt outbox opens a new epoch. */
export type Epoch = Brand<string, "Epoch">;

const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "expected a UUID in lower case");

const branded = <T extends string>(schema: z.ZodString) => schema as unknown as z.ZodType<T, string>;

export const hostIdSchema = branded<HostId>(uuid);
export const runIdSchema = branded<RunId>(uuid);
export const roundIdSchema = branded<RoundId>(uuid);
export const epochSchema = branded<Epoch>(uuid);
export const containerIdSchema = branded<ContainerId>(
  z.string().regex(/^[0-9a-f]{64}$/, "expected 64 hex digits"),
);
export const imageIdSchema = branded<ImageId>(
  z.string().regex(/^sha256:[0-9a-f]{64}$/, "expected sha256: and 64 hex digits"),
);
export const volumeNameSchema = branded<VolumeName>(z.string().min(1).max(1_024));

/** Milliseconds since 1970; years 1 to 9999. */
export const instantSchema = z.int().min(-62_135_596_800_000).max(253_402_300_799_999);
/** A count or a size: 0 or more. */
export const countSchema = z.int().min(0);
/** Labels as the engine holds them: any text to any text. */
export const labelsSchema = z.record(z.string(), z.string());
export type Labels = z.infer<typeof labelsSchema>;
