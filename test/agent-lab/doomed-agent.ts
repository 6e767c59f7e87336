import { openEngine } from "@shipkeeper/docker";
import type { Repositories } from "@shipkeeper/restic";
import { keepHost } from "./keep-host.ts";

// An agent that ends by SIGKILL, without a word to anybody, right before or right after its first change of the host,
// or the first one of the kind that `AT` names.

const {
  ENGINE: socketPath = "",
  STATE_DIR: stateDir = "",
  WHEN: when,
  RULE: rule = "",
  AT: at,
  REPOSITORIES: repositories = "{}",
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
    repositories: JSON.parse(repositories) as Repositories,
    policy: `{ policy: lab, hosts: { environment: lab }, rules: [${rule}] }`,
    engine: {
      ...real,
      removeContainer: doomed("remove", (id, options) => real.removeContainer(id, options)),
      stopContainer: doomed("stop", (id, options) => real.stopContainer(id, options)),
      pauseContainer: doomed("pause", (id, options) => real.pauseContainer(id, options)),
      unpauseContainer: doomed("unpause", (id, options) => real.unpauseContainer(id, options)),
      startContainer: doomed("start", (id, options) => real.startContainer(id, options)),
      killContainer: doomed("kill", (id, options) => real.killContainer(id, options)),
      createVolume: doomed("volume", (...args) => real.createVolume(...args)),
      createInternalNetwork: doomed("network", (...args) => real.createInternalNetwork(...args)),
      copyIsolated: doomed("isolate", (...args) => real.copyIsolated(...args)),
      exec: doomed("exec", (...args) => real.exec(...args)),
      createContainer: doomed("create", (...args) => real.createContainer(...args)),
      loadImage: doomed("load", (...args) => real.loadImage(...args)),
      copyContainer: doomed("copy", (id, name, options) => real.copyContainer(id, name, options)),
    },
  },
);
