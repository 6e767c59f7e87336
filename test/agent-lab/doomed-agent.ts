import { openEngine } from "@shipkeeper/docker";
import { keepHost } from "./keep-host.ts";

// An agent that ends by SIGKILL, without a word to anybody, right before or right after its first change of the host.

const { ENGINE: socketPath = "", STATE_DIR: stateDir = "", WHEN: when, RULE: rule = "" } = process.env;
const die = () => process.kill(process.pid, "SIGKILL");

const real = openEngine({ socketPath });
const doomed =
  <Args extends unknown[], Result>(change: (...args: Args) => Promise<Result>) =>
  async (...args: Args): Promise<Result> => {
    if (when === "before") die();
    const result = await change(...args);
    die();
    return result;
  };

await keepHost(
  { socketPath },
  {
    stateDir,
    policy: `{ policy: lab, hosts: { environment: lab }, rules: [${rule}] }`,
    engine: {
      ...real,
      removeContainer: doomed((id, options) => real.removeContainer(id, options)),
      restartContainer: doomed((id, options) => real.restartContainer(id, options)),
      stopContainer: doomed((id, options) => real.stopContainer(id, options)),
    },
  },
);
