import { expect, test } from "vitest";
import { formatProblem, parseGuardrails } from "../index.ts";

test("guardrails are read with every limit that is named, and no other", () => {
  const text = `
neverTouch: { containers: ["^postgres-"], labels: ["keep=true"], images: ["registry.acme.example/base/*"] }
limits: { perRun: { images: 20, bytes: 20GB }, perDay: { restarts: 20 } }
`;

  expect(parseGuardrails("guardrails.yaml", text)).toEqual({
    guardrails: {
      neverTouch: {
        containers: ["^postgres-"],
        labels: ["keep=true"],
        volumes: [],
        images: ["registry.acme.example/base/*"],
      },
      limits: { perRun: { images: 20, bytes: 20e9 }, perDay: { restarts: 20 } },
      allow: {
        stoppedServices: false,
        volumes: [],
        recreate: [],
        exec: [],
        restoreOverExisting: [],
        binds: [],
      },
      hooks: {},
      windows: [],
      stopFile: "/etc/shipkeeper/STOP",
    },
    problems: [],
  });
});

test("with a mistake there are no guardrails at all, because a limit was meant", () => {
  const { guardrails, problems } = parseGuardrails("g", "neverTuch: {}\nlimits: { perRun: { bytes: 20 } }\n");

  expect(guardrails).toBeUndefined();
  expect(problems.map(formatProblem)).toEqual([
    "g:1:1: unknown key `neverTuch`, did you mean `neverTouch`?",
    "g:2:28: bytes: expected a size such as 500MB or 20GB, got 20",
  ]);
});

test("an empty file is a mistake; {} is how no limits are written", () => {
  expect(parseGuardrails("g", "# nothing\n").problems.map(formatProblem)).toEqual([
    "g:1:1: is empty; write {} where no limits are meant",
  ]);
  expect(parseGuardrails("g", "{}").guardrails?.limits).toEqual({ perRun: {}, perDay: {} });
});

test("a hook is a program of the host's own, or one that comes with Shipkeeper, and has a time either way", () => {
  const hooks = `hooks:
  own: { argv: [dump, --all], restore: [load], user: db, timeout: 90s }
  pg: { use: postgresql, database: shop }
  lite: { use: sqlite, file: /data/app.db }
`;

  expect(parseGuardrails("g", hooks).guardrails?.hooks).toEqual({
    own: { argv: ["dump", "--all"], restore: ["load"], user: "db", timeout: 90_000 },
    pg: { use: "postgresql", database: "shop", timeout: 900_000 },
    lite: { use: "sqlite", file: "/data/app.db", timeout: 900_000 },
  });
});

test("a hook that is both or neither, that a shell would have to read, or that has a time without unit is a mistake", () => {
  const hooks = `hooks:
  both: { argv: [dump], use: redis }
  shell: { argv: pg_dump -Fc app }
  time: { argv: [dump], timeout: 300 }
  none: {}
  lite: { use: sqlite }
`;
  const { guardrails, problems } = parseGuardrails("g", hooks);

  expect(guardrails).toBeUndefined();
  expect(problems.map(formatProblem)).toMatchInlineSnapshot(`
    [
      "g:2:9: both: expected { argv: [pg_dump, -Fc, app] } or { use: postgresql }, with keys of this hook only, got a mapping",
      "g:3:18: argv: expected a program and its arguments such as [pg_dump, -Fc, app]: no shell takes it apart, got pg_dump -Fc app",
      "g:4:34: timeout: expected a duration such as 30s, 15m or 14d (did you mean 300d, 300h or 300m?), got 300",
      "g:5:9: none: expected { argv: [pg_dump, -Fc, app] } or { use: postgresql }, with keys of this hook only, got a mapping",
      "g:6:9: lite: \`use: sqlite\` needs the \`file\` in the container, and nothing else takes one",
    ]
  `);
});
