import * as z from "zod";
import { failed, PASSED, type Check } from "./check.ts";

const evidence = z.object({});

/** A container, image or volume that nobody answers for: no owner label is set and no pattern of the owner map fits. */
export const unowned: Check<true, z.infer<typeof evidence>> = {
  code: "unowned",
  title: "nobody answers for it",
  severity: "low",
  limit: z.literal(true),
  evidence,
  needs: ["containers", "images", "volumes"],
  image: (_, image) => judge(image),
  container: (_, container) => judge(container),
  volume: (_, volume) => judge(volume),
  explain: () => "no owner label is set and no pattern of the owner map fits",
};

function judge({ owner }: { owner?: string | undefined }) {
  return owner === undefined ? failed({}) : PASSED;
}
