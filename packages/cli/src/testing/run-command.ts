/** Runs whole commands against a collector that is a function. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { HttpRequest } from "@shipkeeper/runtime";
import { stripVTControlCharacters } from "node:util";
import { onTestFinished } from "vitest";
import { runCli } from "../cli.ts";

export const NOW = Date.UTC(2030, 0, 31, 6);

export interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

/** `GET /api/v1/hosts?limit=500` → what it answers. */
export type FakeCollector = (
  call: string,
  body: unknown,
  headers: Readonly<Record<string, string>>,
) => Answer;

export interface CommandOptions {
  readonly terminal?: boolean;
  readonly environment?: Record<string, string>;
  readonly homeFolder?: string;
}

const ACCESS = { SHIPKEEPER_URL: "http://collector.example:8080", SHIPKEEPER_TOKEN: "skt_secret" };

export async function runCommand(line: string, collector: FakeCollector, options: CommandOptions = {}) {
  const { terminal = false, environment = ACCESS, homeFolder = "/nowhere" } = options;
  const calls: string[] = [];
  let out = "";
  let err = "";

  const code = await runCli(line.split(" "), {
    environment,
    homeFolder,
    now: () => NOW,
    async http({ url, method = "GET", body, headers = {} }: HttpRequest) {
      const call = `${method} ${url.pathname}${decodeURIComponent(url.search)}`;
      calls.push(call);
      const sent: unknown = typeof body === "string" ? JSON.parse(body) : undefined;
      const { status = 200, body: answer } = collector(call, sent, headers);
      const text = typeof answer === "string" ? answer : JSON.stringify(answer);
      return { status, headers: {}, body: Buffer.from(text, "utf8") };
    },
    out: { write: (text) => void (out += text), isTerminal: terminal, columns: 100 },
    err: { write: (text) => void (err += text), isTerminal: terminal, columns: 100 },
  });
  return { code, out: stripVTControlCharacters(out), rawOut: out, err, calls };
}

export const page = (...items: unknown[]): Answer => ({ body: { items } });

export const unasked: FakeCollector = (call) => {
  throw new Error(`nobody should have asked ${call}`);
};

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "shipkeeper-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
