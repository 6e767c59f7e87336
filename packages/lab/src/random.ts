import { assert } from "@shipkeeper/kit";

/** Numbers that look random and depend on the seed alone. Not for secrets. */
export interface Random {
  /** Callers print it, so that a failure can be played again. */
  readonly seed: number;
  /** At least 0, below 1. */
  next(): number;
  /** A whole number, both ends included. */
  between(least: number, most: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** A new array in another order. */
  shuffled<T>(items: readonly T[]): T[];
  bytes(count: number): Buffer;
  /** An independent stream: drawing from it does not shift what this one gives next. */
  fork(name: string): Random;
}

/** Mulberry32. Without a seed it takes one from the clock. */
export function seededRandom(seed: number = Date.now() >>> 0): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const random: Random = {
    seed,
    next,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (probability) => next() < probability,
    pick(items) {
      assert(items.length > 0, "cannot pick from nothing");
      return items[Math.floor(next() * items.length)] as (typeof items)[number];
    },
    shuffled(items) {
      const result = [...items];
      for (let last = result.length - 1; last > 0; last--) {
        const other = random.between(0, last);
        [result[last], result[other]] = [result[other]!, result[last]!];
      }
      return result;
    },
    bytes: (count) => Buffer.alloc(count).map(() => next() * 256) as Buffer,
    fork: (name) => seededRandom(hash(name, seed)),
  };
  return random;
}

/** FNV-1a over the name, begun at the seed. */
function hash(name: string, seed: number): number {
  let value = (seed ^ 0x811c9dc5) >>> 0;
  for (const byte of Buffer.from(name)) value = Math.imul(value ^ byte, 0x01000193) >>> 0;
  return value;
}
