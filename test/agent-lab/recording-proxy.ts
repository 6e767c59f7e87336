import { rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { once } from "node:events";

export interface RecordingProxy {
  readonly socketPath: string;
  /** `GET /v1.41/containers/json?all=true`, in the order in which they were sent. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

const REQUEST_LINE = /^([A-Z]+) (\S+) HTTP\/1\.[01]\r$/gm;

/** Stands between a program and an engine's socket, passes every byte on, and remembers what was asked. */
export async function startRecordingProxy(engineSocket: string, socketPath: string): Promise<RecordingProxy> {
  const requests: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const engine = connect(engineSocket);
    for (const socket of [client, engine]) {
      open.add(socket);
      socket.on("error", () => socket.destroy()).on("close", () => open.delete(socket));
    }
    client.on("data", (chunk: Buffer) => {
      for (const [, method, path] of chunk.toString("latin1").matchAll(REQUEST_LINE))
        requests.push(`${method} ${path}`);
    });
    client.pipe(engine).pipe(client);
  });
  rmSync(socketPath, { force: true });
  server.listen(socketPath);
  await once(server, "listening");

  return {
    socketPath,
    requests,
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}
