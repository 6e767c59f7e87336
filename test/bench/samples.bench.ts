/** How samples travel and are stored: delta-encoded columns in chunks, beside JSON and a row per value. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CONTAINER_METRICS, type SampleGroup } from "@shipkeeper/model";
import { encodeSampleGroup } from "@shipkeeper/protocol";
import { openDatabase } from "@shipkeeper/runtime";
import { seededRandom } from "@shipkeeper/lab";
import { compare, timed } from "./compare.ts";

const CONTAINERS = 50;
const SWEEPS = 6;
const GROUPS = 40;

const random = seededRandom(1);
const group = makeGroup();
const readings = CONTAINERS * SWEEPS;

await compare({
  what: "bytes of one container's reading on the wire",
  baselineIs: "the same columns as JSON",
  unit: "B",
  subject: () => {
    const { head, body } = encodeSampleGroup(group);
    return (body.length + JSON.stringify(head).length) / readings;
  },
  baseline: () => JSON.stringify(group).length / readings,
});

const folder = mkdtempSync(join(tmpdir(), "shipkeeper-bench-"));
try {
  const chunks = openDatabase(join(folder, "chunks.db"), [
    "CREATE TABLE chunk (id INTEGER PRIMARY KEY, head TEXT NOT NULL, body BLOB NOT NULL) STRICT",
  ]);
  const rows = openDatabase(join(folder, "rows.db"), [
    "CREATE TABLE value (series TEXT, at INTEGER, value INTEGER) STRICT; CREATE INDEX by_series ON value (series, at)",
  ]);
  const insertChunk = chunks.prepare("INSERT INTO chunk (head, body) VALUES (?, ?)");
  const insertRow = rows.prepare("INSERT INTO value VALUES (?, ?, ?)");

  await compare({
    what: `storing ${GROUPS * readings} readings, each group in a commit of its own`,
    baselineIs: "a row per value",
    unit: "ms",
    subject: () =>
      timed(() => {
        for (let count = 0; count < GROUPS; count += 1) {
          const { head, body } = encodeSampleGroup(group);
          insertChunk.run(JSON.stringify(head), body);
        }
      }),
    baseline: () =>
      timed(() => {
        const storeGroup = rows.transaction(() => {
          for (const { subject, columns } of group.series) {
            for (const [metric, values] of Object.entries(columns)) {
              for (const [index, value] of values.entries())
                insertRow.run(subject + metric, group.times[index], value);
            }
          }
        });
        for (let count = 0; count < GROUPS; count += 1) storeGroup();
      }),
  });
  chunks.close();
  rows.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Counters that grow and gauges that wander, as busy containers have them. */
function makeGroup(): SampleGroup {
  const times = Array.from({ length: SWEEPS }, (_, index) => 1_900_000_000_000 + index * 10_000);
  const wander = (start: number) => {
    let value = start;
    return times.map(() => (value += random.between(0, 40_000)));
  };
  return {
    times,
    series: Array.from({ length: CONTAINERS }, (_, index) => ({
      subject: index.toString(16).padStart(64, "0"),
      name: `container-${index}`,
      columns: Object.fromEntries(
        CONTAINER_METRICS.map((metric) => [metric, wander(random.between(0, 2 ** 30))]),
      ),
    })),
  };
}
