import type { Repositories } from "@shipkeeper/restic";
import { keepHost } from "./keep-host.ts";

// An agent in the network of its host, as on a real one: for what has to reach containers by their addresses. It prints
// how the probes of every container stand, which runs are over, and the receipts of drills, as lines of JSON.

const { ENGINE: socketPath = "", POLICY: policy = "", REPOSITORIES: repositories = "{}" } = process.env;
const agent = await keepHost(
  { socketPath },
  { policy, repositories: JSON.parse(repositories) as Repositories },
);
const EVERY_MS = 100;

let printed = "";
const printing = setInterval(() => {
  const probes = [...agent.watch.signals().probes].map(([id, states]) => ({ id, states }));
  const line = JSON.stringify({ probes, runs: agent.ofKind("run-finished"), drills: agent.ofKind("drill") });
  if (line !== printed) process.stdout.write(`${line}\n`);
  printed = line;
}, EVERY_MS);

process.once("SIGTERM", () => {
  clearInterval(printing);
  void agent.stop();
});
