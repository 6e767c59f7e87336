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
      allow: { stoppedServices: false, volumes: [], recreate: [], exec: [] },
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
