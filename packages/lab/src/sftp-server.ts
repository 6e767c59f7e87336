import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { makeOwnedFolder } from "./owned-folder.ts";
import { runProgram } from "./run-program.ts";
import { waitUntil } from "./wait-until.ts";

const START_MS = 10_000;

export interface SftpServer {
  /** A repository in this folder of the server: `sftp:root@127.0.0.1:/folder`. */
  url(folder: string): string;
  /** How to get there with the keys that were made for it: restic's `sftp.command`. */
  readonly command: string;
  stop(): Promise<void>;
}

/** OpenSSH with keys of its own on a port of its own; its only user is this process's. It dies with this process. */
export async function startSftpServer(): Promise<SftpServer> {
  const owned = await makeOwnedFolder("sftp");
  const at = (name: string) => join(owned.path, name);
  const port = await freePort("127.0.0.1");
  for (const key of ["host", "client"])
    await runProgram("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(key)]);
  await copyFile(at("client.pub"), at("authorized"));
  const [type, key] = (await readFile(at("host.pub"), "utf8")).split(" ");
  await writeFile(at("known"), `[127.0.0.1]:${port} ${type} ${key}\n`);
  await writeFile(
    at("sshd.conf"),
    `Port ${port}
ListenAddress 127.0.0.1
HostKey ${at("host")}
PidFile none
AuthorizedKeysFile ${at("authorized")}
StrictModes no
PasswordAuthentication no
UsePAM no
Subsystem sftp internal-sftp
`,
  );

  // sshd insists on this empty folder; elsewhere its own service makes it.
  const madeFolder = !existsSync("/run/sshd");
  if (madeFolder) await mkdir("/run/sshd", { mode: 0o755 });
  const command = ["--pdeathsig", "KILL", "/usr/sbin/sshd", "-D", "-f", at("sshd.conf")];
  const program = spawn("setpriv", command, { stdio: "ignore" });
  await awaitPort(program, "127.0.0.1", port);

  const options = ["UserKnownHostsFile=" + at("known"), "IdentitiesOnly=yes", "BatchMode=yes"];
  const flags = [`-p ${port}`, `-i ${at("client")}`, ...options.map((option) => `-o ${option}`)];
  return {
    url: (folder) => `sftp:root@127.0.0.1:${folder}`,
    command: `ssh ${flags.join(" ")} root@127.0.0.1 -s sftp`,
    async stop() {
      await end(program);
      if (madeFolder) await rmdir("/run/sshd");
      await owned.remove();
    },
  };
}

async function awaitPort(program: ChildProcess, host: string, port: number): Promise<void> {
  await waitUntil(
    () => {
      if (program.exitCode !== null) throw new Error(`the server ended with exit code ${program.exitCode}`);
      return accepts(host, port);
    },
    { what: `a server on port ${port}`, deadlineMs: START_MS },
  );
}

function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

async function end(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null) return;
  const ended = once(program, "exit");
  program.kill("SIGKILL");
  await ended;
}
