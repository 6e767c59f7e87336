import { imageIdSchema } from "@shipkeeper/model";
import * as z from "zod";
import { healthCheckAnswer, listOf, number, text, textMap } from "./answer-schemas.ts";

/** Engines below API 1.43 write these in place of no name. */
const isName = (name: string) => name !== "<none>:<none>" && name !== "<none>@<none>";
const names = listOf(z.string()).transform((all) => all.filter(isName));

/** `GET /images/json`. */
export const imageListAnswer = z.array(z.object({ Id: imageIdSchema, RepoTags: names, RepoDigests: names }));

/** `GET /images/{id}/json`. From API 1.44 on `Created` may be absent, and `VirtualSize` is gone. */
export const imageAnswer = z.object({
  Id: imageIdSchema,
  RepoTags: names,
  RepoDigests: names,
  Created: text,
  Size: number,
  Parent: text,
  Architecture: text,
  Os: text,
  /** Year 1 where the image has only names that it was pulled or loaded with. */
  Metadata: z.object({ LastTagTime: text }).nullish(),
  RootFS: z.object({ Layers: listOf(z.string()) }).nullish(),
  Config: z
    .object({ Labels: textMap, User: text, Env: listOf(z.string()), Healthcheck: healthCheckAnswer })
    .nullish(),
});
export type ImageAnswer = z.output<typeof imageAnswer>;

/** `GET /images/{id}/history`, newest first. `Created` in seconds. */
export const historyAnswer = z.array(
  z.object({ Created: number, CreatedBy: text, Size: number, Comment: text }),
);
export type HistoryAnswer = z.output<typeof historyAnswer>;
