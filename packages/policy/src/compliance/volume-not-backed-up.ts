import { formatDuration } from "@shipkeeper/kit";
import * as z from "zod";
import { datasetId } from "../dataset/dataset.ts";
import { failed, PASSED, type Check } from "./check.ts";
import { listed } from "./image-names.ts";

const none = z.object({ users: z.array(z.string()), limitMs: z.number() });
const evidence = z.union([none.extend({ newestAgeMs: z.number() }), none]);

/**
 * A volume that a container uses and that has no restore point this young in any repository, of its files or a dump. Anonymous ones hold data,
 * too. What nothing uses is for the prune rules to ask about.
 */
export const volumeNotBackedUp: Check<number, z.infer<typeof evidence>> = {
  code: "volume-not-backed-up",
  title: "volume without a recent restore point",
  severity: "high",
  limit: z.number(),
  evidence,
  needs: ["volumes", "containers"],
  volume(limitMs, volume, { newestRestorePoint, containerById, now }) {
    if (volume.users.length === 0) return undefined;
    const { name } = volume;
    const points = (["volume", "dump"] as const).flatMap(
      (kind) => newestRestorePoint.get(datasetId({ kind, name })) ?? [],
    );
    const at = points.length === 0 ? undefined : Math.max(...points);
    if (at !== undefined && now - at <= limitMs) return PASSED;
    const users = volume.users.map((id) => containerById.get(id)?.name ?? id.slice(0, 12));
    return failed(at === undefined ? { users, limitMs } : { users, limitMs, newestAgeMs: now - at });
  },
  explain(facts) {
    const newest =
      "newestAgeMs" in facts
        ? `last restore point ${formatDuration(facts.newestAgeMs)} ago`
        : "no restore point";
    return `used by ${listed(facts.users, "and")}, ${newest} (limit ${formatDuration(facts.limitMs)})`;
  },
};
