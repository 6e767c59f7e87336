/** What a host's things were made from, in the engine's own words: enough to make them again on another host. */
import * as z from "zod";
import { imageIdSchema, labelsSchema, volumeNameSchema } from "./ids.ts";

/** As the engine's API has it; what newer engines know of comes along unread. */
const whatever = z.record(z.string(), z.unknown());

/** A variable of a container's environment. */
export const variableSchema = z.object({
  name: z.string(),
  /** Absent where only names were asked for, and of a variable that has none. */
  value: z.string().optional(),
});
export type Variable = z.infer<typeof variableSchema>;

/** One network that a container is part of, by the network's name, with what was asked for: aliases, fixed addresses. */
export const joiningSchema = z.object({ network: z.string(), endpoint: whatever });
export type Joining = z.infer<typeof joiningSchema>;

/** A container as somebody once ordered it, without what the engine that it ran on added by itself. */
export const containerBlueprintSchema = z.object({
  name: z.string(),
  /** As its maker wrote it: `postgres:16`, or an id. */
  image: z.string(),
  imageId: imageIdSchema,
  environment: z.array(variableSchema),
  /** The body of `POST /containers/create` but for image, environment and networks. */
  create: whatever,
  /** The one of its network mode first. */
  networks: z.array(joiningSchema),
});
export type ContainerBlueprint = z.infer<typeof containerBlueprintSchema>;

export const networkBlueprintSchema = z.object({
  name: z.string(),
  /** The body of `POST /networks/create` but for the name. */
  create: whatever,
});
export type NetworkBlueprint = z.infer<typeof networkBlueprintSchema>;

export const volumeBlueprintSchema = z.object({
  name: volumeNameSchema,
  driver: z.string(),
  labels: labelsSchema,
  options: z.record(z.string(), z.string()),
});
export type VolumeBlueprint = z.infer<typeof volumeBlueprintSchema>;
