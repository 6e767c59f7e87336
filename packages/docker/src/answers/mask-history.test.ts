import { expect, test } from "vitest";
import { maskHistory } from "./mask-history.ts";

const NOP = "/bin/sh -c #(nop) ";

/** What is left of each line of one image's history. */
const masked = (lines: string[], environmentNames: string[] = []) => maskHistory(lines, { environmentNames });

test("the values of ENV and ARG are masked, as both builders write them", () => {
  expect(
    masked(
      [
        `${NOP} ENV TOKEN=abc OTHER=two words`,
        "ENV TOKEN=abc",
        `${NOP} ARG KEY=def`,
        "ARG KEY=def",
        "ARG NO_DEFAULT",
      ],
      ["TOKEN", "OTHER"],
    ),
  ).toEqual(["ENV TOKEN=… OTHER=…", "ENV TOKEN=…", "ARG KEY=…", "ARG KEY=…", "ARG NO_DEFAULT"]);
});

test("the build arguments before a command are masked, and the command stays", () => {
  expect(
    masked([
      "ARG TOKEN",
      "|1 TOKEN=abc /bin/sh -c make install",
      "RUN |1 TOKEN=a b=c d /bin/sh -c make # buildkit",
      "RUN |2 TOKEN=abc HTTP_PROXY=http://user:pw@proxy /bin/bash -o pipefail -c make | tee log",
      "RUN |0 /bin/sh -c make",
    ]),
  ).toEqual([
    "ARG TOKEN",
    "|1 TOKEN=… /bin/sh -c make install",
    "RUN |1 TOKEN=… /bin/sh -c make # buildkit",
    "RUN |2 TOKEN=… HTTP_PROXY=… /bin/bash -o pipefail -c make | tee log",
    "RUN |0 /bin/sh -c make",
  ]);
});

test("a piece of a value that looks like a name is masked with it", () => {
  expect(
    masked(
      [`${NOP} ENV LEGACY=first dGVzdA==`, "ARG KEY=x dGVzdA==", "|1 KEY=x dGVzdA== /bin/sh -c make"],
      ["LEGACY"],
    ),
  ).toEqual(["ENV LEGACY=…", "ARG KEY=…", "|1 KEY=… /bin/sh -c make"]);
});

test("where the command cannot be told from a value, nothing is left", () => {
  expect(masked(["|1 TOKEN=abc powershell -Command make"])).toEqual(["|1 … …"]);
});

test("other instructions stay as they are", () => {
  const lines = [`${NOP} CMD ["sleep" "1"]`, "COPY . /app # buildkit", "RUN /bin/sh -c ENVIRONMENT=x make"];

  expect(masked(lines)).toEqual(lines);
});
