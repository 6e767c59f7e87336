/** Blueprints of networks and volumes, and what the engine prints while it takes an image in. */
import { type NetworkBlueprint, type VolumeBlueprint, volumeNameSchema } from "@shipkeeper/model";
import * as z from "zod";
import { EngineAnswerInvalid, EngineRefused } from "../engine-errors.ts";
import { listOf, text, textMap } from "./answer-schemas.ts";

const whatever = z.record(z.string(), z.unknown());

/** `GET /networks/{id}`. */
export const networkBlueprintAnswer = z.object({
  Name: z.string(),
  Driver: text,
  Internal: z.boolean().nullish(),
  Attachable: z.boolean().nullish(),
  EnableIPv4: z.boolean().nullish(),
  EnableIPv6: z.boolean().nullish(),
  IPAM: whatever.nullish(),
  Options: textMap,
  Labels: textMap,
});

export function readNetworkBlueprint({
  Name: name,
  ...create
}: z.output<typeof networkBlueprintAnswer>): NetworkBlueprint {
  const said = Object.entries(create).filter(([, value]) => value !== null && value !== undefined);
  return { name, create: Object.fromEntries(said) };
}

/** `GET /volumes`. A warning means that a driver did not answer, and that its volumes are missing from the list. */
export const volumeBlueprintsAnswer = z.object({
  Volumes: listOf(z.object({ Name: z.string().min(1), Driver: text, Labels: textMap, Options: textMap })),
  Warnings: listOf(z.string()),
});

export function readVolumeBlueprints({
  Volumes,
}: z.output<typeof volumeBlueprintsAnswer>): VolumeBlueprint[] {
  return Volumes.map(({ Name, Driver, Labels, Options }) => ({
    name: volumeNameSchema.parse(Name),
    driver: Driver,
    labels: Labels,
    options: Options,
  }));
}

const progressAnswer = z.looseObject({ error: z.string().optional() });
/** A line of progress is short; what is longer is none. */
const LONGEST_LINE = 1024 * 1024;

/** Reads progress to its end. The engine answers well at once, and tells later and in between that it could not. */
export async function readProgress(attempt: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new EngineAnswerInvalid(attempt, "a line is too long");
    lines.forEach((line) => throwProblem(attempt, line));
  }
  throwProblem(attempt, rest);
}

function throwProblem(attempt: string, line: string): void {
  if (line.trim() === "") return;
  const { error } = progressAnswer.parse(parseLine(attempt, line));
  if (error !== undefined) throw new EngineRefused(attempt, { status: 500, reason: error });
}

function parseLine(attempt: string, line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new EngineAnswerInvalid(attempt, "a line is no JSON", { cause: error });
  }
}
