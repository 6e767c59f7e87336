import { styleText } from "node:util";

export interface Progress {
  /** A new step; what was shown before stays. */
  step(text: string): void;
  /** How far the present step is: replaces its last word on a terminal, and is left out elsewhere. */
  detail(text: string): void;
  /** The present step is done, and how it went. */
  done(text: string): void;
}

/** Says on standard error what goes on, with the seconds since the start, so that standard output stays the report. */
export function showProgress(stream: NodeJS.WriteStream = process.stderr): Progress {
  const startedAt = performance.now();
  const seconds = () => `${((performance.now() - startedAt) / 1_000).toFixed(1).padStart(6)} s`;
  const onTerminal = stream.isTTY;
  let current = "";
  const line = (mark: string, text: string) => `${styleText("dim", seconds(), { stream })} ${mark} ${text}`;

  return {
    step(text) {
      current = text;
      stream.write(onTerminal ? line("·", text) : `${line("·", text)}\n`);
    },
    detail(text) {
      if (onTerminal) stream.write(`\r\x1b[2K${line("·", `${current}: ${text}`)}`);
    },
    done(text) {
      const mark = styleText("green", "✓", { stream });
      stream.write(`${onTerminal ? "\r\x1b[2K" : ""}${line(mark, text)}\n`);
    },
  };
}
