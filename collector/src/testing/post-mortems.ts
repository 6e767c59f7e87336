/** Post-mortems for tests, said in as few words as the promise needs. */
import { MINUTE_MS, SECOND_MS } from "@shipkeeper/kit";
import type { RunId } from "@shipkeeper/model";
import type { EntryOf, Evidence } from "@shipkeeper/protocol";
import { NOW, containerId, imageId, uuid } from "./facts.ts";

type PostMortemFacts = Partial<Omit<EntryOf<"post-mortem">, "kind" | "container" | "evidence">> & {
  readonly name?: string;
  readonly image?: string;
  readonly evidence?: Partial<Evidence>;
};

const NOTHING_SEEN: Evidence = {
  outOfMemory: false,
  log: { lines: [], cut: 0 },
  usage: [],
  events: [],
  limits: {},
  mounts: [],
  networks: [],
  hostLoad: {},
  missing: [],
};

export function postMortem({
  name = "web-3",
  image = "acme/web:3.1",
  evidence,
  ...facts
}: PostMortemFacts = {}): EntryOf<"post-mortem"> {
  return {
    kind: "post-mortem",
    id: uuid(`post-mortem of ${name}`),
    at: NOW,
    trigger: "unexpected-exit",
    container: { id: containerId(name), name, identity: `name:${name}`, image, imageId: imageId(image) },
    exitsBefore: 0,
    ...facts,
    evidence: { ...NOTHING_SEEN, ...evidence },
  };
}

const seconds = (count: number) => NOW + count * SECOND_MS;

/** The run that healed `SICK`, and the two entries that tell of it. */
export const HEALING_RUN = uuid("healing") as RunId;

/** A container whose health check failed three times, right before it was restarted. */
export const SICK = postMortem({
  trigger: "before-heal",
  sign: "unhealthy",
  owner: "payments",
  runId: HEALING_RUN,
  evidence: {
    state: "running",
    startedAt: NOW - 90 * MINUTE_MS,
    restartCount: 0,
    health: {
      status: "unhealthy",
      failingStreak: 3,
      outputs: [
        { startedAt: seconds(-45), endedAt: seconds(-45), exitCode: 0, output: "ok" },
        ...[-34, -24, -14].map((at) => ({
          startedAt: seconds(at),
          endedAt: seconds(at),
          exitCode: 1,
          output: "worker is stuck\n",
        })),
      ],
    },
    log: {
      cut: 12,
      lines: [
        { at: seconds(-40), stream: "stdout", text: "took job 4711" },
        { at: seconds(-36), stream: "stderr", text: "no answer of the queue, password=[masked]" },
      ],
    },
    processes: [{ pid: 812, user: "node", command: "node server.js" }],
    usage: [
      {
        metric: "cpu",
        unit: "cores",
        min: 0.02,
        max: 1,
        last: 1,
        points: [-30, -20, -10].map((at, place) => ({ at: seconds(at), value: [0.02, 0.9, 1][place] ?? 0 })),
      },
      {
        metric: "memory",
        unit: "bytes",
        min: 80e6,
        max: 120e6,
        last: 120e6,
        points: [-30, -10].map((at, place) => ({ at: seconds(at), value: [80e6, 120e6][place] ?? 0 })),
      },
    ],
    events: [{ at: seconds(-14), action: "health_status", detail: "unhealthy" }],
    limits: { memoryBytes: 256e6, nanoCpus: 1.5e9 },
    mounts: [{ what: "web-data", destination: "/data", readOnly: false }],
    networks: ["shop"],
    hostLoad: { loadPerCpu: 0.4, memoryAvailable: 0.32 },
    missing: [],
  },
});

/** One that ended for want of memory, twelve more times than it has post-mortems. */
export const DEAD = postMortem({
  name: "import-1",
  image: "acme/import:9",
  exitsBefore: 12,
  evidence: {
    state: "exited",
    exitCode: 137,
    signal: 9,
    outOfMemory: true,
    startedAt: seconds(-320),
    finishedAt: seconds(-1),
    restartCount: 0,
    log: { cut: 0, lines: [{ at: seconds(-2), stream: "stderr", text: "reading file 17 of 20" }] },
    events: [
      { at: seconds(-1), action: "oom" },
      { at: seconds(-1), action: "die", detail: "137" },
    ],
    limits: { memoryBytes: 64e6 },
    missing: [{ what: "processes", why: "it does not run" }],
  },
});

/** One of a container whose names and words mean harm. */
export const HOSTILE = postMortem({
  name: `<script>alert("x")</script>\u202e\u001b[31m`,
  image: `"><img src=x onerror=alert(1)>`,
  owner: "</title><b>",
  sign: "<i>",
  evidence: {
    state: "exited",
    exitCode: 1,
    health: {
      status: "unhealthy",
      failingStreak: 1,
      outputs: [{ exitCode: 1, output: "</pre><script>1</script>\u0007" }],
    },
    log: {
      cut: 0,
      lines: [
        { stream: "stderr", text: `</span><script src="https://evil.example/x.js"></script>\u001b[2J\u202e` },
        { stream: "stdout", text: "x".repeat(2_048) },
      ],
      problem: "<b>",
    },
    processes: [{ pid: 1, command: "<svg onload=alert(1)>" }],
    events: [{ at: NOW, action: "<die>", detail: "<u>" }],
    mounts: [{ what: "<iframe>", destination: "<", readOnly: true }],
    networks: ["<net>"],
    missing: [{ what: "<a>", why: "javascript:alert(1)" }],
  },
});
