/** A figure of the product beside a baseline, taken in turns in the same process, so that a noisy machine is noisy for both. */
export interface Comparison {
  readonly what: string;
  /** What the baseline does, in a few words. */
  readonly baselineIs: string;
  readonly unit: string;
  /** Each returns one measurement in `unit`. */
  readonly subject: () => Promise<number> | number;
  readonly baseline: () => Promise<number> | number;
  readonly rounds?: number;
}

const ROUNDS = 7;

/** Runs A B A B …, and prints both medians and the median of the ratios. One round before is not counted. */
export async function compare(comparison: Comparison): Promise<void> {
  const { what, baselineIs, unit, subject, baseline, rounds = ROUNDS } = comparison;
  await subject();
  await baseline();
  const pairs: [subject: number, baseline: number][] = [];
  for (let round = 0; round < rounds; round += 1) pairs.push([await subject(), await baseline()]);

  const ours = median(pairs.map(([first]) => first));
  const theirs = median(pairs.map(([, second]) => second));
  const ratio = median(pairs.map(([first, second]) => first / second));
  console.log(
    `${what}: ${show(ours)} ${unit}, ${ratio.toFixed(2)} of ${show(theirs)} ${unit} (${baselineIs})`,
  );
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => unknown): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const show = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(2));
