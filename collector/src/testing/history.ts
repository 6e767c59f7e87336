/** What one host told over a while: something of every kind, with a number that was dropped and lists with holes. */
import { plainVolume } from "@shipkeeper/model/testing";
import {
  NOW,
  container,
  eventEntry,
  image,
  incidentEntry,
  inventoryEntry,
  pruneRound,
  pruneRun,
  sampleChunk,
} from "./facts.ts";

export interface Sending {
  readonly after?: number;
  readonly entries: readonly (readonly [seq: number, body: unknown])[];
  readonly blobs?: readonly Uint8Array[];
}

/** Batch by batch, in the order in which they were sent. */
export function aHistory(): readonly Sending[] {
  const [started, finished] = pruneRun("a");
  const chunk = sampleChunk("shop");
  const point = (id: string, at: number) => ({
    id,
    repository: "local",
    dataset: "volume:data",
    at,
    bytes: 1,
    files: 1,
  });
  const listing = (at: number, ...ids: string[]) => ({
    kind: "restore-points",
    repository: "local",
    at,
    points: ids.map((id) => point(id, at - 1)),
  });
  const holding = (takenAt: number, containers: string[], gaps: string[] = []) =>
    inventoryEntry({
      takenAt,
      containers: containers.map((name) => container(name, { restartCount: takenAt - NOW })),
      images: [image("web:1")],
      volumes: [plainVolume("data")],
      gaps: gaps.map((error) => ({ section: "containers", error })),
    });
  const sickAgain = (afterMs: number, facts: Parameters<typeof incidentEntry>[1]) =>
    incidentEntry("shop", { at: NOW + afterMs, ...facts });
  return [
    {
      after: 0,
      entries: [
        [1, holding(NOW, ["shop", "old"])],
        [2, eventEntry("died", NOW)],
      ],
    },
    {
      after: 2,
      entries: [
        [3, { kind: "round", round: pruneRound("a") }],
        [4, started],
      ],
    },
    {
      after: 4,
      entries: [
        [6, holding(NOW + 1, ["shop"], ["the engine was slow"])],
        [7, finished],
      ],
    },
    { after: 7, entries: [[8, { kind: "samples", head: chunk.head, blob: 0 }]], blobs: [chunk.body] },
    {
      after: 8,
      entries: [
        [9, holding(NOW + 2, ["shop", "new"])],
        [10, listing(NOW, "aa", "bb")],
      ],
    },
    {
      after: 10,
      entries: [
        [11, holding(NOW + 3, ["new"], ["no answer"])],
        [12, listing(NOW + 5, "bb", "cc")],
      ],
    },
    { after: 12, entries: [[13, incidentEntry("shop")]] },
    { after: 13, entries: [[14, sickAgain(1, { handedOverAt: NOW + 1, heals: 5 })]] },
    { after: 14, entries: [[15, sickAgain(2, { closedAt: NOW + 2, ended: "recovered", heals: 5 })]] },
  ];
}
