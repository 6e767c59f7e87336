/** The part of the engine contract that is about programs inside containers: what they write, read, and end with. */
import { DeadlinePassed } from "@shipkeeper/kit";
import { beforeAll, expect, test } from "vitest";
import type { EngineWorld } from "./contract-world.ts";
import type { Engine } from "./engine.ts";

/** To be called where tests are described, once the world is made before all of them. */
export function programContract(madeWorld: () => EngineWorld): void {
  let world: EngineWorld;
  let engine: Engine;

  beforeAll(() => {
    world = madeWorld();
    engine = world.engine;
  });

  test("a program is run inside a container that runs, and in no other", async () => {
    await world.addImage({ tags: ["contract/exec:1"] });
    const image = "contract/exec:1";
    const id = await world.addContainer({ name: "inside", image, state: "running" });
    const ended = await world.addContainer({ name: "outside", image, state: "exited" });
    const run = (script: string, limits = { timeoutMs: 10_000, mostBytes: 100 }) =>
      engine.exec(id, { argv: ["/bin/sh", "-c", script], ...limits });

    expect(await run("echo well; exit 3")).toEqual({ exitCode: 3, output: "well\n" });
    expect(await run("echo 123456789", { timeoutMs: 10_000, mostBytes: 4 })).toEqual({
      exitCode: 0,
      output: "1234",
    });
    expect(await run("echo begun; sleep 60", { timeoutMs: 1_000, mostBytes: 100 })).toEqual({
      output: "begun\n",
    });
    expect(await engine.exec(ended, { argv: ["true"], timeoutMs: 1_000, mostBytes: 1 })).toBe("not-running");
  });

  test("what a program writes is handed on whole, and its exit code only afterwards", async () => {
    await world.addImage({ tags: ["contract/stream:1"] });
    const id = await world.addContainer({ name: "streams", image: "contract/stream:1", state: "running" });

    const { sizes, stderr, exitCode } = await streamed(id, "seq 200000; echo complaint >&2; exit 4");

    // The digits and the line ends of the numbers from 1 to 200,000.
    expect(sizes.reduce((total, size) => total + size, 0)).toBe(1_288_895);
    expect(sizes.length).toBeGreaterThan(1);
    expect({ stderr, exitCode }).toEqual({ stderr: "complaint\n", exitCode: 4 });
  });

  test("a program reads what it is given, to its end, or leaves the rest where it is", async () => {
    await world.addImage({ tags: ["contract/feed:1"] });
    const id = await world.addContainer({ name: "reads", image: "contract/feed:1", state: "running" });
    const input = async function* () {
      for (let piece = 0; piece < 20; piece += 1) yield Buffer.alloc(65_536, "x");
    };

    const all = await streamed(id, "wc -c", input());
    const none = await streamed(id, "exit 3", input());

    expect([all.text.trim(), all.exitCode]).toEqual([String(20 * 65_536), 0]);
    expect(none.exitCode).toBe(3);
  });

  test("an input that breaks is told to who reads the output", async () => {
    await world.addImage({ tags: ["contract/broken:1"] });
    const id = await world.addContainer({ name: "misled", image: "contract/broken:1", state: "running" });
    const input = async function* () {
      yield Buffer.from("begun");
      throw new Error("the source broke");
    };

    await expect(streamed(id, "wc -c", input())).rejects.toThrow("the source broke");
  });

  test("a program's time is bounded, and nothing is streamed from what does not run", async () => {
    await world.addImage({ tags: ["contract/slow:1"] });
    const image = "contract/slow:1";
    const id = await world.addContainer({ name: "slow", image, state: "running" });
    const ended = await world.addContainer({ name: "slow-ended", image, state: "exited" });

    await expect(streamed(id, "echo begun; sleep 60", undefined, 1_000)).rejects.toThrow(DeadlinePassed);
    expect(await engine.stream(ended, { argv: ["true"], timeoutMs: 1_000 })).toBe("not-running");
    await engine.pauseContainer(id);
    expect(await engine.stream(id, { argv: ["true"], timeoutMs: 1_000 })).toBe("not-running");
    await engine.unpauseContainer(id);
  });

  async function streamed(
    id: Parameters<Engine["stream"]>[0],
    script: string,
    input?: AsyncIterable<Uint8Array>,
    timeoutMs = 30_000,
  ) {
    const argv = ["/bin/sh", "-c", script];
    const program = await engine.stream(id, { argv, timeoutMs, ...(input && { input }) });
    if (program === "not-running") throw new Error("it does not run");
    const pieces: Buffer[] = [];
    for await (const piece of program.output) pieces.push(Buffer.from(piece));
    const text = Buffer.concat(pieces).toString("utf8");
    return { text, sizes: pieces.map(({ length }) => length), ...(await program.end()) };
  }
}
