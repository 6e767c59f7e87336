import { DeadlinePassed } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { describeEngineContract } from "./engine-contract.ts";
import { DockerUnavailable } from "./engine-errors.ts";
import type { ExecRequest, ExecResult, StreamRequest } from "./engine.ts";
import { FakeEngine, type FakeProgram } from "./fake-engine.ts";
import { fakeMount } from "./fake/fake-things.ts";

describeEngineContract("the fake engine", async () => {
  const engine = new FakeEngine();
  engine.addNetwork({ name: "bridge" });
  engine.answers = (_, request) => runsLikeAShell(request);
  engine.programs = (_, request, input) => streamsLikeAShell(request, input);

  return {
    engine,
    addImage: async ({ tags, createdAt, labels }) => {
      const createdMs = Date.parse(createdAt ?? "2024-01-01T00:00:00Z");
      return engine.addImage({
        tags: [...tags],
        labels: { ...labels },
        ...(createdMs < 0 ? { createdAt: undefined } : { createdAt: createdMs }),
      }).id;
    },
    tagImage: async (id, tag) => engine.tagByHand(id, tag),
    addContainer: async ({
      name,
      image,
      state,
      volume,
      labels,
      writes = [],
      logDriver,
      environment = [],
    }) => {
      if (volume !== undefined) engine.addVolume({ name: volume });
      const mounts = volume === undefined ? [] : [fakeMount(volume, "/data")];
      const { id } = engine.addContainer({
        name,
        image,
        mounts,
        labels: { ...labels },
        environment: environment.map((assignment) => assignment.split("=", 1)[0] ?? ""),
        state: state === "unhealthy" ? "running" : state,
        ...(logDriver && { logDriver }),
      });
      engine.logLines.set(
        id,
        writes.map((text) => ({ stream: "stdout", at: Date.now(), text })),
      );
      engine.secretsById.set(
        id,
        environment.map((assignment) => assignment.slice(assignment.indexOf("=") + 1)),
      );
      if (state === "unhealthy") engine.setHealth(id, "unhealthy", "no answer");
      return id;
    },
    exitContainer: async (id) => engine.exitContainer(id),
    close: async () => {},
  };
});

/** The same for the scripts whose output is streamed. */
function streamsLikeAShell({ argv, timeoutMs }: StreamRequest, input: Buffer): FakeProgram {
  const script = argv.at(-1) ?? "";
  const exitCode = Number(/exit (\d+)/.exec(script)?.[1] ?? 0);
  if (script.includes("sleep")) return { output: [new DeadlinePassed("to run it", timeoutMs)], exitCode };
  if (script === "wc -c") return { output: [`${input.length}\n`], exitCode };
  const numbers = Number(/seq (\d+)/.exec(script)?.[1] ?? 0);
  const lines = Array.from({ length: numbers }, (_, index) => `${index + 1}\n`).join("");
  const stderr = /echo (\w+) >&2/.exec(script)?.[1];
  return {
    output: lines === "" ? [] : [lines.slice(0, 1_000), lines.slice(1_000)],
    exitCode,
    ...(stderr !== undefined && { stderr: `${stderr}\n` }),
  };
}

/** What a shell would print of the few scripts of the contract. */
function runsLikeAShell({ argv, mostBytes }: ExecRequest): ExecResult {
  const script = argv.at(-1) ?? "";
  const output = `${/echo (\w+)/.exec(script)?.[1] ?? ""}\n`.slice(0, mostBytes);
  if (script.includes("sleep")) return { output };
  return { exitCode: Number(/exit (\d+)/.exec(script)?.[1] ?? 0), output };
}

test("every mutating call is on record, also those that change nothing", async () => {
  const engine = new FakeEngine();
  engine.addImage({ tags: ["web:1"] });
  const { id } = engine.addContainer({ image: "web:1" });

  await engine.removeContainer(id);
  await engine.removeImage("web:2");

  expect(engine.mutations).toEqual([
    { call: "removeContainer", subject: id },
    { call: "removeImage", subject: "web:2" },
  ]);
});

test("a fault stands until it is healed, and only in the way of what it names", async () => {
  const engine = new FakeEngine();
  engine.addImage({ tags: ["web:1"] });
  const sick = engine.addContainer({ image: "web:1" });
  const well = engine.addContainer({ image: "web:1" });

  const heal = engine.fail({ call: "container", subject: sick.id, with: "hang" });
  const hanging = engine.container(sick.id);
  const other = await engine.container(well.id);
  heal();

  expect(other?.id).toBe(well.id);
  expect((await hanging)?.id).toBe(sick.id);
});

test("an engine that is down fails every call and breaks its streams", async () => {
  const engine = new FakeEngine();
  const next = engine.events({ signal: new AbortController().signal })[Symbol.asyncIterator]().next();

  const up = engine.goDown();

  await expect(next).rejects.toThrow(DockerUnavailable);
  await expect(engine.containerIds()).rejects.toThrow(DockerUnavailable);
  up();
  expect(await engine.containerIds()).toEqual([]);
});
