import { InvalidInput } from "@shipkeeper/kit";

/** Where an engine listens. */
export type EngineAddress =
  { readonly socketPath: string } | { readonly host: string; readonly port: number };

export const DEFAULT_SOCKET = "/var/run/docker.sock";

/** The kernel keeps a unix socket's path in 108 bytes, the last of them 0. */
const LONGEST_SOCKET_PATH = 107;

/** Reads `/path`, `unix:///path` or `tcp://host:port`, the forms of `DOCKER_HOST`. Throws `InvalidInput`. */
export function parseEngineAddress(text: string): EngineAddress {
  if (text.startsWith("/")) return unixAddress(text);
  if (text.startsWith("unix://")) return unixAddress(text.slice("unix://".length) || DEFAULT_SOCKET);

  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:]+\]|[^/:@]+):(\d{1,5})\/?$/.exec(text);
  const port = Number(tcp?.[2]);
  if (tcp?.[1] === undefined || port < 1 || port > 65_535) {
    throw new InvalidInput("no engine address", [
      `${JSON.stringify(text)} is not of the form /path, unix:///path or tcp://host:port`,
    ]);
  }
  return { host: tcp[1], port };
}

/** The address that Docker's own tools would use: `DOCKER_HOST`, else the default socket. Throws `InvalidInput`. */
export function engineAddressFrom(environment: Readonly<Record<string, string | undefined>>): EngineAddress {
  return parseEngineAddress(environment["DOCKER_HOST"] || DEFAULT_SOCKET);
}

/** The one spelling of an address in messages and logs. */
export function formatEngineAddress(address: EngineAddress): string {
  return "socketPath" in address ? `unix://${address.socketPath}` : `tcp://${address.host}:${address.port}`;
}

function unixAddress(socketPath: string): EngineAddress {
  if (Buffer.byteLength(socketPath) > LONGEST_SOCKET_PATH || !socketPath.startsWith("/")) {
    throw new InvalidInput("no engine address", [
      `${JSON.stringify(socketPath)} is not an absolute path of ${LONGEST_SOCKET_PATH} bytes at most`,
    ]);
  }
  return { socketPath };
}
