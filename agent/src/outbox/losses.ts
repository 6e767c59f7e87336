import type { Instant } from "@shipkeeper/kit";
import type { EntryOf, Lane } from "@shipkeeper/protocol";
import type { Database } from "@shipkeeper/runtime";

type Why = EntryOf<"dropped">["why"];

export interface Loss {
  readonly lane: string;
  readonly why: Why;
  readonly count: number;
  /** Of these, told in a `dropped` entry, which itself may still wait. */
  readonly declared: number;
}

/** Counts entries that left without being stored. Silence about them is forbidden, a word for each would be a flood. */
export function losses(db: Database) {
  const add = db.prepare(/*sql*/ `
    INSERT INTO loss (lane, why, count) VALUES (@lane, @why, 1)
    ON CONFLICT DO UPDATE SET count = count + 1`);
  const declare = db.prepare(/*sql*/ `
    UPDATE loss SET declared = declared + @count WHERE lane = @lane AND why = @why`);
  const forget = db.prepare(/*sql*/ `DELETE FROM loss`);
  const all = db.prepare<[], Loss>(/*sql*/ `SELECT lane, why, count, declared FROM loss ORDER BY lane, why`);

  return {
    count(lane: Lane, why: Why): void {
      add.run({ lane, why });
    },
    noteDeclared({ lane, why, count }: EntryOf<"dropped">): void {
      declare.run({ lane, why, count });
    },
    /** The declaration did not arrive and never will: what it spoke of has to be declared anew. */
    takeBack({ lane, why, count }: EntryOf<"dropped">): void {
      declare.run({ lane, why, count: -count });
    },
    /** One entry for each kind of loss that the collector was not told of yet. */
    toDeclare(at: Instant): EntryOf<"dropped">[] {
      return all
        .all()
        .filter(({ count, declared }) => count > declared)
        .map(({ lane, why, count, declared }) => ({
          kind: "dropped",
          at,
          lane,
          count: count - declared,
          why,
        }));
    },
    /** For a new epoch, whose account begins empty. */
    forget(): void {
      forget.run();
    },
    all: (): Loss[] => all.all(),
  };
}
