import type { SampleGroup } from "@shipkeeper/model";
import * as z from "zod";

/** What stands beside the bytes of a sample group: its times are in the bytes, its subjects and metric names here. */
export const sampleHeadSchema = z.object({
  from: z.int(),
  to: z.int(),
  rows: z.int().min(0),
  series: z.array(z.object({ subject: z.string(), name: z.string(), metrics: z.array(z.string()) })),
});
export type SampleHead = z.infer<typeof sampleHeadSchema>;

export declare function encodeSampleGroup(group: SampleGroup): { head: SampleHead; body: Uint8Array };
export declare function decodeSampleGroup(head: SampleHead, body: Uint8Array): SampleGroup;
