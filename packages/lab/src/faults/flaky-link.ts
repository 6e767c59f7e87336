import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { unreachable } from "@shipkeeper/kit";

export interface Endpoint {
  host: string;
  /** To listen on: 0 takes a free one. */
  port: number;
}

export interface FlakyLink {
  /** Where clients connect. */
  readonly address: Endpoint;
  /** Connections that are open now. */
  connections(): number;
  /** Replies that `dropReplies` has swallowed so far. */
  repliesDropped(): number;
  /** Everything passes again. */
  heal(): void;
  /** Resets what is open, and every new connection at once. */
  cut(): void;
  /** Connections stay open and nothing passes, in neither direction, until the next change. */
  stall(): void;
  /** Each direction of each connection passes at most so many bytes in a second. */
  slow(bytesPerSecond: number): void;
  /** One byte every 20 ms. */
  trickle(): void;
  /** Resets the connections that are open now; new ones pass. */
  reset(): void;
  /** Resets every connection once so many more bytes have gone to the target over it. */
  resetAfter(bytes: number): void;
  /** Requests arrive, and so many replies never do: the connection is reset when a reply begins. Default: all of them. */
  dropReplies(times?: number): void;
  stop(): Promise<void>;
}

type Mode =
  | { kind: "open" }
  | { kind: "cut" }
  | { kind: "stalled" }
  | { kind: "slow"; bytesPerSecond: number }
  | { kind: "resetting"; afterBytes: number }
  | { kind: "dropping-replies"; times: number };

/** A client's connection and the one made for it to the target. */
interface Pair {
  client: Socket;
  target: Socket;
  /** To the target since the mode was set. */
  sentBytes: number;
}

type Direction = "request" | "reply";

const PIECES_PER_SECOND = 50;

/** A TCP proxy that fails on demand. It passes bytes and knows nothing of what they mean. */
export async function flakyLink(options: { listen: Endpoint; target: Endpoint }): Promise<FlakyLink> {
  const pairs = new Set<Pair>();
  let mode: Mode = { kind: "open" };
  let changed = Promise.withResolvers<void>();
  let repliesDropped = 0;

  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    if (mode.kind === "cut") {
      client.on("error", () => undefined);
      client.resetAndDestroy();
      return;
    }
    const target = createConnection({ ...options.target, allowHalfOpen: true, noDelay: true });
    const pair = { client, target, sentBytes: 0 };
    pairs.add(pair);
    void Promise.allSettled([carry(pair, "request"), carry(pair, "reply")]).then(() => end(pair));
  });

  /** Ends when its side ends; fails when either side breaks, and then takes the other side with it. */
  async function carry(pair: Pair, direction: Direction): Promise<void> {
    const [from, to] = direction === "request" ? [pair.client, pair.target] : [pair.target, pair.client];
    to.on("error", () => end(pair));
    try {
      for await (const chunk of from) await pass(chunk as Buffer, to, { pair, direction });
      to.end();
    } catch {
      end(pair);
    }
  }

  /** Passes a chunk as the mode wants it, and looks at the mode again after every piece. */
  async function pass(chunk: Buffer, to: Socket, { pair, direction }: { pair: Pair; direction: Direction }) {
    let left = chunk;
    while (left.length > 0 && !to.destroyed) {
      switch (mode.kind) {
        case "open":
          left = await send(left, left.length);
          break;
        case "slow": {
          left = await send(left, Math.max(1, Math.floor(mode.bytesPerSecond / PIECES_PER_SECOND)));
          await pause(Math.max(1000 / PIECES_PER_SECOND, 1000 / mode.bytesPerSecond));
          break;
        }
        case "stalled":
          await Promise.race([changed.promise, closed(to)]);
          break;
        case "cut":
          return end(pair);
        case "resetting":
          if (direction === "request") left = await send(left, mode.afterBytes - pair.sentBytes);
          else left = await send(left, left.length);
          if (mode.kind === "resetting" && pair.sentBytes >= mode.afterBytes) return end(pair);
          break;
        case "dropping-replies":
          if (direction === "reply") return dropReply(pair, mode.times);
          left = await send(left, left.length);
          break;
        default:
          unreachable(mode);
      }
    }

    async function send(bytes: Buffer, most: number): Promise<Buffer> {
      const piece = bytes.subarray(0, most);
      if (direction === "request") pair.sentBytes += piece.length;
      if (piece.length > 0 && !to.write(piece)) await Promise.race([once(to, "drain"), closed(to)]);
      return bytes.subarray(piece.length);
    }
  }

  function dropReply(pair: Pair, times: number): void {
    repliesDropped++;
    if (times <= 1) set({ kind: "open" });
    else set({ kind: "dropping-replies", times: times - 1 });
    end(pair);
  }

  function end(pair: Pair): void {
    pairs.delete(pair);
    for (const socket of [pair.client, pair.target]) if (!socket.destroyed) socket.resetAndDestroy();
  }

  function endAll(): void {
    for (const pair of pairs) end(pair);
  }

  function set(next: Mode): void {
    mode = next;
    for (const pair of pairs) pair.sentBytes = 0;
    changed.resolve();
    changed = Promise.withResolvers<void>();
  }

  server.listen(options.listen.port, options.listen.host);
  await once(server, "listening");

  return {
    address: { host: options.listen.host, port: (server.address() as AddressInfo).port },
    connections: () => pairs.size,
    repliesDropped: () => repliesDropped,
    heal: () => set({ kind: "open" }),
    cut() {
      set({ kind: "cut" });
      endAll();
    },
    stall: () => set({ kind: "stalled" }),
    slow: (bytesPerSecond) => set({ kind: "slow", bytesPerSecond }),
    trickle: () => set({ kind: "slow", bytesPerSecond: PIECES_PER_SECOND }),
    reset: endAll,
    resetAfter: (bytes) => set({ kind: "resetting", afterBytes: bytes }),
    dropReplies: (times = Infinity) => set({ kind: "dropping-replies", times }),
    async stop() {
      if (!server.listening) return;
      const ended = once(server, "close");
      server.close();
      endAll();
      await ended;
    },
  };
}

function closed(socket: Socket): Promise<unknown> {
  return socket.destroyed ? Promise.resolve() : new Promise((resolve) => socket.once("close", resolve));
}
