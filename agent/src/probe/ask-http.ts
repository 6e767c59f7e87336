/** Asks over HTTP once. Redirects are not followed: a probe asks this container and no other. */
import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { matchesPattern } from "@shipkeeper/kit";
import type { ProbeWay } from "@shipkeeper/policy";
import type { Said } from "./ask.ts";
import type { ProbeTarget } from "./probe-target.ts";

type HttpWay = Extract<ProbeWay, { kind: "http" }>;

/** What of a body is looked at; the rest is not read. */
const MOST_BODY_BYTES = 64 * 1024;
/** What of a body is repeated where it was not as expected. */
const SHOWN_BODY = 200;

/** Rejects where there was no answer: the connection failed or broke, or the signal aborted. */
export async function askHttp(way: HttpWay, target: ProbeTarget, signal: AbortSignal): Promise<Said> {
  const response = await requestOf(way, target, signal);
  try {
    const status = response.statusCode ?? 0;
    const isStatusOk = status >= way.status.from && status <= way.status.to;
    if (isStatusOk && way.body === undefined) return { ok: true, said: `HTTP ${status}` };
    const body = await readBody(response);
    if (!isStatusOk) return { ok: false, said: `HTTP ${status}: ${shown(body)}` };
    const ok = way.body === undefined || partMatches(way.body, body);
    return {
      ok,
      said: ok ? `HTTP ${status}` : `HTTP ${status}, and the body lacks ${way.body}: ${shown(body)}`,
    };
  } finally {
    response.destroy();
  }
}

function requestOf(
  { path, headers, tls }: HttpWay,
  { host, port }: ProbeTarget,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const wanted = typeof tls === "object" ? tls : { verify: false, host: undefined };
  const isTls = tls !== undefined && tls !== false;
  const options = {
    host,
    port,
    path,
    signal,
    agent: false,
    headers: {
      "user-agent": "shipkeeper-agent",
      ...(wanted.host !== undefined && { host: wanted.host }),
      ...headers,
    },
  };
  // A server name that is an address is against the rules of TLS.
  const servername = wanted.host ?? (isIP(host) === 0 ? host : "");
  return new Promise((resolve, reject) => {
    const sent = isTls
      ? requestHttps({ ...options, rejectUnauthorized: wanted.verify, servername }, resolve)
      : requestHttp(options, resolve);
    sent.on("error", reject);
    sent.end();
  });
}

async function readBody(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= MOST_BODY_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, MOST_BODY_BYTES).toString("utf8");
}

function partMatches(pattern: string, body: string): boolean {
  return matchesPattern(pattern.startsWith("^") ? pattern : `*${pattern}*`, body);
}

function shown(body: string): string {
  return body.replace(/\s+/g, " ").trim().slice(0, SHOWN_BODY) || "no body";
}
