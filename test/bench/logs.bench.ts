/** What watching logs costs: searching what was written, and looking at logs that nobody wrote to. */
import { followLog, logFileOf, type LogFollower } from "@shipkeeper/docker";
import { busyboxLayer, forgeImage, loadImages, runContainer, startFleet } from "@shipkeeper/lab";
import { containerIdSchema } from "@shipkeeper/model";
import { lineMatcher } from "@shipkeeper/policy";
import { compare, timed } from "./compare.ts";

const CONTAINERS = 20;
const LINE = "2030-01-31T02:00:00Z INFO request served in 12 ms, path=/orders/4711 status=200";
const LINES = 6_000;
const PATTERNS = ["ERROR|FATAL|panic", "(?i)out of memory", "(?i)timeout|timed out"].map(lineMatcher);

const scratch = Buffer.alloc(2 ** 20);
let matched = 0;
const take = (line: string) => void (matched += PATTERNS.filter((matches) => matches(line)).length);

const fleet = await startFleet({ hosts: 1 });
try {
  const [host] = fleet.hosts;
  if (host === undefined) throw new Error("the lab started no host");
  await loadImages(host, [forgeImage({ tags: ["chatty:1"], layers: [busyboxLayer()] })]);
  const ids: string[] = [];
  for (let index = 0; index < CONTAINERS; index += 1) {
    const command = ["sh", "-c", `yes "${LINE}" | head -n ${LINES}`];
    const { handle } = await runContainer(host, {
      image: "chatty:1",
      name: `chatty-${index}`,
      command,
      settle: false,
    });
    await handle.wait();
    ids.push(handle.id);
  }
  const follow = (id: string): LogFollower => {
    const file = logFileOf(host.dataRoot, { id: containerIdSchema.parse(id), logDriver: "json-file" });
    if (file === undefined) throw new Error("json-file has no file");
    return followLog(file, { since: 0 });
  };

  await compare({
    what: `searching ${CONTAINERS} logs of ${LINES} lines for ${PATTERNS.length} patterns`,
    baselineIs: "the same lines by the engine's API",
    unit: "ms",
    subject: () =>
      timed(async () => {
        for (const follower of ids.map(follow)) {
          await follower.look({ take, mostBytes: 2 ** 21, scratch });
          await follower.close();
        }
      }),
    baseline: () =>
      timed(async () => {
        for (const id of ids) {
          const log = await host.engine.getContainer(id).logs({ stdout: true, stderr: true });
          for (const line of log.toString("utf8").split("\n")) take(line);
        }
      }),
  });

  const followers = ids.map(follow);
  for (const follower of followers) await follower.look({ mostBytes: 0, scratch });
  await compare({
    what: `looking at ${CONTAINERS} logs that nobody wrote to`,
    baselineIs: "asking the engine for what is newer than now",
    unit: "ms",
    subject: () =>
      timed(async () => {
        for (const follower of followers) await follower.look({ take, mostBytes: 2 ** 20, scratch });
      }),
    baseline: () =>
      timed(async () => {
        const since = Math.floor(Date.now() / 1_000) + 1;
        for (const id of ids) await host.engine.getContainer(id).logs({ stdout: true, stderr: true, since });
      }),
  });
  await Promise.all(followers.map((follower) => follower.close()));
} finally {
  await fleet.stop();
}
