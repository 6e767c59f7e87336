import { parseInstant, SECOND_MS } from "@shipkeeper/kit";
import type { Image } from "@shipkeeper/model";
import { defined } from "../defined.ts";
import type { HistoryAnswer, ImageAnswer } from "./image-answer.ts";
import { maskHistory } from "./mask-history.ts";
import { readHealthCheck } from "./read-health-check.ts";

/** Midnight of 0001-01-01 in seconds: what Go writes for "no time". */
const NO_TIME_SECONDS = -62_135_596_800;

/** The engine's word on an image, in ours. The values of `ENV` and `ARG` in its history stay behind. */
export function readImage(answer: ImageAnswer, history: HistoryAnswer): Image {
  const labels = answer.Config?.Labels ?? {};
  return {
    id: answer.Id,
    tags: answer.RepoTags,
    digests: answer.RepoDigests,
    sizeBytes: Math.max(0, answer.Size),
    layers: answer.RootFS?.Layers ?? [],
    labels,
    history: readHistory(answer, history),
    user: answer.Config?.User ?? "",
    architecture: answer.Architecture,
    os: answer.Os,
    ...defined({
      createdAt: parseInstant(answer.Created),
      lastTaggedAt: parseInstant(answer.Metadata?.LastTagTime),
      parentId: answer.Parent || undefined,
      healthCheck: readHealthCheck(answer.Config?.Healthcheck),
      source: labels["org.opencontainers.image.source"],
      revision: labels["org.opencontainers.image.revision"],
      baseName: labels["org.opencontainers.image.base.name"],
      baseDigest: labels["org.opencontainers.image.base.digest"],
    }),
  };
}

function readHistory(answer: ImageAnswer, history: HistoryAnswer): Image["history"] {
  const environmentNames = (answer.Config?.Env ?? []).map((assignment) => assignment.split("=", 1)[0] ?? "");
  const masked = maskHistory(
    history.map((entry) => entry.CreatedBy),
    { environmentNames },
  );
  return history.map((entry, index) => ({
    ...defined({ createdAt: entry.Created === NO_TIME_SECONDS ? undefined : entry.Created * SECOND_MS }),
    createdBy: masked[index] ?? "",
    sizeBytes: Math.max(0, entry.Size),
    comment: entry.Comment,
  }));
}
