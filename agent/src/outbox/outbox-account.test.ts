/** S2, S3 and S4 as a property: whatever happens to the outbox, its link and its process, no entry is unaccounted for. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HOUR_MS } from "@shipkeeper/kit";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Accounts } from "./accounts.ts";
import { OutboxNotWritable, openOutbox, type Outbox, type WaitingBatch } from "./outbox.ts";
import { eventOf, inventoryOf, samplesOf } from "./testing/entries.ts";
import { ModelCollector } from "./testing/model-collector.ts";

type Happening =
  | { readonly do: "event"; readonly poison: boolean }
  | { readonly do: "inventory" }
  | { readonly do: "samples"; readonly bytes: number }
  /** A batch that arrives, and its receipt too, or not. */
  | { readonly do: "ship"; readonly most: number; readonly replyLost: boolean }
  | { readonly do: "replay"; readonly which: number }
  | { readonly do: "bury-first" }
  | { readonly do: "restart" };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("event"), poison: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("inventory") }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("samples"), bytes: fc.integer({ min: 0, max: 3_000 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("ship"),
      most: fc.integer({ min: 1, max: 8 }),
      replyLost: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("replay"), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("bury-first") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart") }) },
) as fc.Arbitrary<Happening>;

const MOST_BYTES = 12_000;

class World {
  outbox: Outbox;
  readonly collector = new ModelCollector((what) => what.startsWith("poison"));
  readonly #file: string;
  readonly #sent: WaitingBatch[] = [];
  #count = 0;
  #now = 0;
  /** Events whose append returned: each must arrive, or be a dead letter. */
  readonly promised: string[] = [];

  constructor(file: string) {
    this.#file = file;
    this.outbox = this.#open();
  }

  #open(): Outbox {
    return openOutbox(this.#file, { clock: () => this.#now, mostBytes: MOST_BYTES });
  }

  happen(happening: Happening): void {
    this.#count += 1;
    switch (happening.do) {
      case "event":
        return this.#event(`${happening.poison ? "poison" : "event"} ${this.#count}`);
      case "inventory":
        return void this.outbox.append(inventoryOf(`host ${this.#count}`));
      case "samples":
        return void this.outbox.append(samplesOf(this.#count), Buffer.alloc(happening.bytes));
      case "ship":
        return this.#ship(happening.most, happening.replyLost);
      case "replay":
        return this.#replay(happening.which);
      case "bury-first": {
        const [first] = this.outbox.nextBatch(1).entries;
        // As the shipper does it: only what the collector does not have.
        if (first !== undefined && !this.collector.stored.has(first.seq)) {
          this.outbox.bury(first.seq, { code: "refused", message: "" });
        }
        return;
      }
      case "restart":
        this.outbox.close();
        this.outbox = this.#open();
    }
  }

  #event(what: string): void {
    try {
      this.outbox.append(eventOf(what));
      this.promised.push(what);
    } catch (error) {
      if (!(error instanceof OutboxNotWritable)) throw error;
    }
  }

  #ship(most: number, replyLost: boolean): void {
    const batch = this.outbox.nextBatch(most);
    this.#sent.push(batch);
    const receipt = this.collector.take(batch);
    if (!replyLost) this.outbox.acknowledge(batch, receipt);
  }

  /** The network brings an old batch once more, and nobody waits for the answer. */
  #replay(which: number): void {
    const batch = this.#sent[which % Math.max(1, this.#sent.length)];
    if (batch !== undefined) this.collector.take(batch);
  }

  /** Everything that waits arrives, and an hour later what was held back because it had been refused. */
  drain(): void {
    this.#drainNow();
    this.#now += HOUR_MS;
    this.#drainNow();
  }

  #drainNow(): void {
    for (let batch = this.outbox.nextBatch(); batch.entries.length > 0; batch = this.outbox.nextBatch()) {
      this.outbox.acknowledge(batch, this.collector.take(batch));
    }
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
const lost = ({ losses }: Accounts) => sum(losses.map(({ count }) => count));

test("stored + declared drops + dead letters = enqueued, whatever happens in between", () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 2 ** 31);
  console.log(`SEED=${seed}`);

  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
      const folder = mkdtempSync(join(tmpdir(), "outbox-account-"));
      const world = new World(join(folder, "outbox.db"));
      try {
        for (const one of happenings) {
          world.happen(one);
          const accounts = world.outbox.accounts();
          expect(accounts.stored + accounts.waiting + lost(accounts)).toBe(accounts.enqueued);
          // The bound, and one batch of what may not be dropped because it was offered, and its declarations.
          expect(world.outbox.usage().bytes).toBeLessThan(MOST_BYTES * 2);
        }
        world.drain();

        const { enqueued, waiting } = world.outbox.accounts();
        expect(waiting).toBe(0);
        expect(world.collector.stored.size + sum(Object.values(world.collector.declared()))).toBe(enqueued);
        const dead = world.outbox
          .deadLetters()
          .map(({ body }) => (JSON.parse(body) as { what?: string }).what);
        expect(new Set([...world.collector.events(), ...dead])).toEqual(
          new Set([...world.promised, ...dead]),
        );
        expect(world.collector.events()).toEqual(world.promised.filter((what) => !dead.includes(what)));
      } finally {
        world.outbox.close();
        rmSync(folder, { recursive: true });
      }
    }),
    { seed, numRuns: 200 },
  );
}, 120_000);
