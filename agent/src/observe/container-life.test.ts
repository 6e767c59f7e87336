import { HOUR_MS, SECOND_MS } from "@shipkeeper/kit";
import type { EngineEvent } from "@shipkeeper/docker";
import { expect, test } from "vitest";
import { afterEvent, lifeSince, type Circumstances, type Life } from "./container-life.ts";

const PLAIN: Circumstances = { own: false, revived: true, engineStarts: false };

/** `die 137`, `kill 9`, `start`: one event a second, or where the text says `start@30`, so many seconds after the first. */
function lived(told: string, circumstances: Partial<Circumstances> = {}): Life | undefined {
  let life: Life | undefined;
  let second = 0;
  for (const text of told.split(", ")) {
    const [, action = "", at, detail] = /^(\w+)(?:@(\d+))?(?: (\d+))?$/.exec(text) ?? [];
    second = at === undefined ? second + 1 : Number(at);
    const event: EngineEvent = {
      type: "container",
      action,
      subject: "id",
      attributes: detail === undefined ? {} : { exitCode: detail, signal: detail },
      at: second * SECOND_MS,
    };
    life = afterEvent(life, event, { ...PLAIN, ...circumstances });
  }
  return life;
}

const deathsOf = (life: Life | undefined) =>
  life?.deaths.map(({ exitCode, expected, outOfMemory }) =>
    [exitCode ?? "?", expected ? "expected" : "surprise", ...(outOfMemory ? ["oom"] : [])].join(" "),
  );

test.for([
  ["a crash", "die 1", ["1 surprise"]],
  ["a stop", "kill 15, die 0, stop", ["0 expected"]],
  ["a stop that outlasts every timeout", "kill 15, die@1000 137, stop@1000", ["137 expected"]],
  ["a kill", "kill 9, die 137", ["137 expected"]],
  ["a kill that is told after its death", "die@5 137, kill@6 9", ["137 expected"]],
  ["a crash long after a signal that did nothing", "kill 15, start, die@900 1", ["1 surprise"]],
  ["a crash after a log was turned", "kill 1, die@60 1", ["1 surprise"]],
  ["a stop by a gentle signal", "kill 28, die 0, stop", ["0 expected"]],
  ["want of memory", "oom, die 137", ["137 surprise oom"]],
  ["want of memory that is told after the death", "die@3 137, oom@3", ["137 surprise oom"]],
  ["a child killed for want of memory, and another end later", "oom, die@60 1", ["1 surprise"]],
  [
    "a death without a code, and one after a restart",
    "die, start, kill 15, die 0, stop, start, restart",
    ["? surprise", "0 expected"],
  ],
] as const)("%s", ([, told, deaths]) => {
  expect(deathsOf(lived(told))).toEqual(deaths);
});

test.for([
  ["docker stop", "kill 15, die 0, stop", "stop"],
  ["docker kill", "kill 9, die 137", "kill"],
  ["docker kill -s HUP", "kill 1", undefined],
  ["docker restart", "kill 15, die 0, stop, start, restart", "restart"],
  ["docker start after a stop", "stop, start", "start"],
  ["docker run", "create, start", undefined],
  ["docker pause and unpause", "pause, unpause", "unpause"],
  ["docker rename", "rename", "rename"],
  ["the engine starts what crashed", "die 1, start", undefined],
  ["somebody starts what crashed an hour ago", "die 1, start@3600", "start"],
  ["a health check", "health_status", undefined],
] as const)("%s is the last touch: %s → %s", ([, told, what]) => {
  expect(lived(told)?.touch?.what).toBe(what);
});

test("what the agent does is no touch, and the death that it causes no surprise", () => {
  const life = lived("kill 15, die 0, stop, start, restart", { own: true });

  expect(life?.touch).toBeUndefined();
  expect(deathsOf(life)).toEqual(["0 expected"]);
});

test("nobody but a person starts what has no restart policy", () => {
  expect(lived("die 1, start", { revived: false })?.touch?.what).toBe("start");
});

test("an engine that comes up starts what it stopped", () => {
  expect(lived("kill 15, die 0, stop, start", { engineStarts: true })?.touch).toBeUndefined();
  expect(lived("pause, start", { engineStarts: true })?.touch?.what).toBe("pause");
  expect(lived("start", { engineStarts: true })?.touch).toBeUndefined();
  expect(lived("start", { engineStarts: true, revived: false })?.touch?.what).toBe("start");
});

test("of many deaths the last twenty are remembered", () => {
  const life = lived(Array.from({ length: 50 }, (_, code) => `die ${code}`).join(", "));

  expect(life?.deaths.map(({ exitCode }) => exitCode)).toEqual(Array.from({ length: 20 }, (_, n) => 30 + n));
});

test("what is long ago is forgotten, part by part", () => {
  const life = lived(`die@1 1, stop@${2 * 3_600}, die@${3 * 3_600} 2`);

  expect(deathsOf(life && lifeSince(life, HOUR_MS))).toEqual(["2 surprise"]);
  expect(life && lifeSince(life, HOUR_MS)?.touch?.what).toBe("stop");
  expect(life && lifeSince(life, 2.5 * HOUR_MS)?.touch).toBeUndefined();
  expect(life && lifeSince(life, 4 * HOUR_MS)).toBeUndefined();
});
