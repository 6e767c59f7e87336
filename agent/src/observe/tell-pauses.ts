/** Tells once that healing rests and once that it goes on, through restarts of the agent. */
import type { Clock } from "@shipkeeper/kit";
import { pauseSchema, type Pause } from "@shipkeeper/policy";
import type { EntryOf } from "@shipkeeper/protocol";
import type { Documents } from "../ledger/documents.ts";
import type { PausesNow } from "../pauses-file.ts";

export interface TellPausesOptions {
  readonly memory: Documents;
  readonly clock: Clock;
  readonly tell: (entry: EntryOf<"event"> | EntryOf<"trouble">) => void;
}

export function tellPauses({ memory, clock, tell }: TellPausesOptions): (now: PausesNow) => void {
  const told = new Map(
    [...memory.all()].flatMap(([key, document]) => {
      const pause = pauseSchema.safeParse(document).data;
      return pause === undefined ? [] : [[key, pause] as const];
    }),
  );
  let toldProblem: string | undefined;

  return ({ pauses, problem }) => {
    if (problem !== undefined && problem !== toldProblem) {
      const message = `healing rests on this host, because the file of its pauses cannot be used: ${problem}`;
      tell({ kind: "trouble", at: clock(), code: "pauses_unreadable", message });
    }
    toldProblem = problem;
    // What was meant is not known: nothing has begun or ended.
    if (problem !== undefined) return;

    const now = new Map(pauses.map((pause) => [`${pause.since} ${pause.containers ?? ""}`, pause]));
    const begun = [...now].filter(([key]) => !told.has(key));
    const ended = [...told].filter(([key]) => !now.has(key));
    if (begun.length + ended.length === 0) return;
    for (const [key, pause] of begun) {
      told.set(key, pause);
      tell({ kind: "event", at: clock(), what: "healing-paused", facts: factsOf(pause) });
    }
    for (const [key, pause] of ended) {
      told.delete(key);
      tell({ kind: "event", at: clock(), what: "healing-resumed", facts: factsOf(pause) });
    }
    memory.save(new Map([...begun, ...ended.map(([key]) => [key, undefined] as const)]));
  };
}

function factsOf({ containers, until, reason }: Pause): EntryOf<"event">["facts"] {
  return { ...(containers !== undefined && { containers }), until, reason };
}
