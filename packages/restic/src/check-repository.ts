/** Looks whether a repository is whole, and reads parts of it again. Changes nothing and needs no lock. */
import { HOUR_MS } from "@shipkeeper/kit";
import { readDamage, readPackCounts, type Damage, type PackCounts } from "./check-answers.ts";
import { ResticProblem } from "./restic-errors.ts";
import type { RunInRepository } from "./run-in-repository.ts";

export interface CheckFound extends PackCounts {
  /** Empty where the repository is whole, as far as it was looked at. */
  readonly damage: readonly Damage[];
}

/** For the structure of a large repository over a network, or the part of its bytes that one look reads. */
const CHECK_MS = 4 * HOUR_MS;

export function checkRepository(run: RunInRepository) {
  return {
    /**
     * Checks that index, snapshots and folders fit the packs that are there; with a `subset` such as `3/32`, also reads
     * those packs whole. restic would lock everybody else out for as long; it is asked not to. What comes or goes meanwhile
     * then can look like damage, so damage counts when a second look finds it in the same place: what had come is in the
     * index by then, and what had gone is not. Throws `ResticProblem` where it cannot look.
     */
    async check(
      repositoryName: string,
      { subset }: { subset?: string | undefined },
      signal?: AbortSignal,
    ): Promise<CheckFound> {
      const first = await look(repositoryName, subset, signal);
      if (first.damage.length === 0) return first;
      const second = await look(repositoryName, subset, signal);
      if (second.damage.length === 0) return second;
      const again = new Set(second.damage.map(nameOf));
      const damage = first.damage.filter((one) => again.has(nameOf(one)));
      if (damage.length > 0) return { ...second, damage };
      const attempt = `cannot check repository ${repositoryName}`;
      throw new ResticProblem(
        "restic_failed",
        `${attempt}: two looks found different damage, as when others change it`,
      );
    },
  };

  async function look(repositoryName: string, subset: string | undefined, signal: AbortSignal | undefined) {
    const part = subset === undefined ? [] : [`--read-data-subset=${subset}`];
    const said: string[] = [];
    const call = {
      attempt: subset === undefined ? "check the structure" : `read part ${subset}`,
      args: ["check", "--no-lock", ...part],
      deadlineMs: CHECK_MS,
      signal,
      onErrorLine: (line: string) => void (said.length < MOST_LINES && said.push(line)),
    };
    try {
      return { ...readPackCounts(await run(repositoryName, call)), damage: [] };
    } catch (error) {
      signal?.throwIfAborted();
      const damage = error instanceof ResticProblem ? readDamage(said) : [];
      if (damage.length === 0) throw error;
      return { damage };
    }
  }
}

/** Damage of a whole disk would fill the memory: the first ones say enough. */
const MOST_LINES = 10_000;

const nameOf = ({ level, id }: Damage) => `${level} ${id}`;
