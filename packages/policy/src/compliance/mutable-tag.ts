import { firstMatch } from "@shipkeeper/kit";
import { isAlive } from "@shipkeeper/model";
import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";
import { fullName, isPinned, tagOf } from "./image-names.ts";

const evidence = z.object({ image: z.string(), tag: z.string() });

/**
 * A container that was asked for by a tag that moves, `latest` above all, which is also meant where no tag is named:
 * nobody can tell from its definition what runs, and started again elsewhere it is another program. A digest never moves.
 */
export const mutableTag: Check<string[], z.infer<typeof evidence>> = {
  code: "mutable-tag",
  title: "runs by a tag that moves",
  severity: "medium",
  limit: z.array(z.string()),
  evidence,
  needs: ["containers"],
  container: (forbidden, container) => (isAlive(container) ? judge(forbidden, container.image) : undefined),
  gate: (forbidden, { reference }) => judge(forbidden, reference),
  explain: ({ image, tag }) => `asked for as ${image}: the tag ${tag} moves, name a version or a digest`,
};

function judge(forbidden: string[], reference: string) {
  if (isPinned(reference)) return PASSED;
  const tag = tagOf(fullName(reference)) ?? "";
  return firstMatch(forbidden, [tag]) === undefined ? PASSED : failed({ image: reference, tag });
}
