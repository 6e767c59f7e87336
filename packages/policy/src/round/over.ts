/** Doing nothing is never over a limit, even where others went over it before. */
export function over(what: string, before: number, now: number, most: number | undefined): string[] {
  return most === undefined || now === 0 || before + now <= most
    ? []
    : [`${before + now} ${what}, limit ${most}`];
}
