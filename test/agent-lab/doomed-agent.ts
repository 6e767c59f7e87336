import { openEngine } from "@shipkeeper/docker";
import { keepHost } from "./keep-host.ts";

// An agent that ends by SIGKILL, without a word to anybody, right before or right after its first change of the host,
// or the first one of the kind that `AT` names.

const {
  ENGINE: socketPath = "",
  STATE_DIR: stateDir = "",
  WHEN: when,
  RULE: rule = "",
  AT: at,
} = process.env;
const die = () => process.kill(process.pid, "SIGKILL");

const real = openEngine({ socketPath });
const doomed =
  <Args extends unknown[], Result>(name: string, change: (...args: Args) => Promise<Result>) =>
  async (...args: Args): Promise<Result> => {
    if (at !== undefined && at !== name) return change(...args);
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
      removeContainer: doomed("remove", (id, options) => real.removeContainer(id, options)),
      stopContainer: doomed("stop", (id, options) => real.stopContainer(id, options)),
      startContainer: doomed("start", (id, options) => real.startContainer(id, options)),
      copyContainer: doomed("copy", (id, name, options) => real.copyContainer(id, name, options)),
    },
  },
);
