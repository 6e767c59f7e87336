#!/usr/bin/env node
import { homedir } from "node:os";
import { httpRequest } from "@shipkeeper/runtime";
import { runCli, type Output } from "./cli.ts";

/** Wide enough for help texts where nobody tells how wide the terminal is. */
const DEFAULT_COLUMNS = 100;

const output = (stream: NodeJS.WriteStream): Output => ({
  write: (text) => void stream.write(text),
  isTerminal: stream.isTTY,
  columns: stream.columns ?? DEFAULT_COLUMNS,
});

// `shipkeeper … | head` closes the pipe early: that is how the reader says enough.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  homeFolder: homedir(),
  now: Date.now,
  http: httpRequest,
  out: output(process.stdout),
  err: output(process.stderr),
});
