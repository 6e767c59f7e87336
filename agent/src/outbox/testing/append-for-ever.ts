/** A program for crash tests: appends, and prints each number only after `append` returned it. Ends by being killed. */
import { writeSync } from "node:fs";
import { openOutbox } from "../outbox.ts";
import { eventOf } from "./entries.ts";

const [file = ""] = process.argv.slice(2);
const outbox = openOutbox(file, { clock: Date.now, mostBytes: 1e9 });
for (;;) {
  const seq = outbox.append(eventOf("written"));
  writeSync(1, `${seq}\n`);
}
