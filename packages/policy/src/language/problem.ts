/** One mistake in a file that people write, at the place where it has to be corrected. */
export interface Problem {
  readonly file: string;
  /** Counted from 1, as editors do. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** `policies/production.yaml:5:20: every: expected a duration such as 30s, 15m or 14d, got 300` */
export function formatProblem({ file, line, column, message }: Problem): string {
  return `${file}:${line}:${column}: ${message}`;
}

/** In the order in which somebody works through a file. */
export function byPlace(a: Problem, b: Problem): number {
  return a.line - b.line || a.column - b.column;
}

/** Of one file. Nobody reads more, and a file made to be wrong has as many as it likes. */
export const MOST_PROBLEMS = 100;
