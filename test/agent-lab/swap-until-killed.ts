/**
 * A restore in place that dies, as by `kill -9`, right before its so-many-th effect: a stop or start of a container, a
 * word in its journal, the saving of what is there. Prints `done` where it has no more effects than that.
 */
import { openEngine } from "@shipkeeper/docker";
import { swapContent } from "../../agent/src/restore/swap.ts";
import { swapJournal } from "../../agent/src/restore/swap-journal.ts";

const [socketPath = "", journalFolder = "", folder = "", incoming = "", killAt = "0"] = process.argv.slice(2);

let effects = 0;
const effect = () => {
  effects += 1;
  if (effects === Number(killAt)) process.kill(process.pid, "SIGKILL");
};
const engine = openEngine({ socketPath });
const journal = swapJournal(journalFolder);
await swapContent(
  {
    dataset: "volume:shop",
    folder,
    incoming,
    source: "a test",
    refuse: () => undefined,
    save: async () => (effect(), "0123"),
  },
  {
    engine: {
      containerIds: () => engine.containerIds(),
      container: (id) => engine.container(id),
      stopContainer: (id) => (effect(), engine.stopContainer(id)),
      startContainer: (id) => (effect(), engine.startContainer(id)),
    },
    journal: { ...journal, write: (swap) => (effect(), journal.write(swap)) },
    clock: Date.now,
    tell: () => undefined,
  },
);
process.stdout.write("done\n");
