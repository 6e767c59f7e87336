import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { MOST_REQUEST_BYTES, batchSchema } from "@shipkeeper/protocol";
import { unpackFrame } from "@shipkeeper/runtime";
import type { WaitingBatch } from "../outbox.ts";
import { ModelCollector } from "./model-collector.ts";

export interface Arrived extends WaitingBatch {
  readonly at: number;
  readonly policyRevision: number;
}

export interface Exchange {
  readonly batch: Arrived;
  readonly answer: ServerResponse;
  /** Stores the batch and writes its receipt, as a collector in good order does. */
  readonly store: () => void;
  /** Stores the batch and breaks the connection instead of answering. */
  readonly storeAndCut: () => void;
}

export type Scene = (exchange: Exchange) => void;

/** Plays one scene per batch, and the last of them for ever; with none it stores what comes. */
export async function startScriptedCollector(...scenes: Scene[]) {
  const model = new ModelCollector();
  const arrived: Arrived[] = [];

  const server = createServer((request, answer) => {
    void readAll(request).then((body) => {
      const batch = readBatch(body, request.headers["content-encoding"]);
      arrived.push(batch);
      const scene = scenes[Math.min(arrived.length, scenes.length) - 1];
      const store = () => answer.end(JSON.stringify(model.take(batch)));
      const storeAndCut = () => {
        model.take(batch);
        answer.destroy();
      };
      if (scene === undefined) store();
      else scene({ batch, answer, store, storeAndCut });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: new URL(`http://127.0.0.1:${port}`),
    model,
    /** Every batch that arrived whole. */
    arrived,
    async stop(): Promise<void> {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function readBatch(body: Buffer, encoding: string | undefined): Arrived {
  const { head, blobs } = unpackFrame(body, encoding, MOST_REQUEST_BYTES);
  const { epoch, after, entries, status } = batchSchema.parse(head);
  return { epoch, after, entries, blobs, at: performance.now(), policyRevision: status.policyRevision };
}
