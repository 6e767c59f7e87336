/** One HTTP request with a deadline and a bounded answer. Small on purpose: agents do without a client library. */
import { request as requestHttp, type IncomingHttpHeaders } from "node:http";
import { request as requestHttps } from "node:https";
import { OperationalError } from "@shipkeeper/kit";

export interface HttpRequest {
  readonly url: URL;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** For the whole exchange, in milliseconds. */
  readonly deadlineMs: number;
  readonly mostAnswerBytes?: number;
  readonly signal?: AbortSignal;
  /** PEM text of the authorities to trust instead of the system's. */
  readonly ca?: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** No answer came: the connection failed, broke, took too long, or the answer was too large. */
export class RequestFailed extends OperationalError {
  override readonly name = "RequestFailed";
  readonly code = "request_failed";
  readonly retryable = true;
}

const MOST_ANSWER_BYTES = 64 * 2 ** 20;

/** Resolves with whatever status the server gave; throws `RequestFailed` where there was no whole answer. */
export function httpRequest(request: HttpRequest): Promise<HttpAnswer> {
  const {
    url,
    method = "GET",
    headers = {},
    body,
    deadlineMs,
    mostAnswerBytes = MOST_ANSWER_BYTES,
    ca,
  } = request;
  const deadline = AbortSignal.timeout(deadlineMs);
  const signal = request.signal === undefined ? deadline : AbortSignal.any([deadline, request.signal]);
  const tried = `${method} ${url.origin}${url.pathname}`;

  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => {
      const why = deadline.aborted
        ? `${tried} had no whole answer within ${deadlineMs} ms`
        : `${tried} failed`;
      reject(new RequestFailed(why, { cause }));
    };
    const send = url.protocol === "https:" ? requestHttps : requestHttp;
    const length = body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const trust = ca === undefined ? {} : { ca };
    const options = { method, headers: { ...headers, ...length }, signal, agent: false, ...trust } as const;
    const sent = send(url, options, (answer) => {
      const chunks: Buffer[] = [];
      let received = 0;
      answer.on("data", (chunk: Buffer) => {
        received += chunk.length;
        if (received > mostAnswerBytes)
          answer.destroy(new Error(`the answer is larger than ${mostAnswerBytes} bytes`));
        else chunks.push(chunk);
      });
      answer.on("error", fail);
      answer.on("end", () => {
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) });
      });
    });
    sent.on("error", fail);
    sent.end(body);
  });
}
