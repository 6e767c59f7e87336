import * as z from "zod";
import type { ContainerProcess } from "../engine.ts";
import { listOf } from "./answer-schemas.ts";

/** `GET /containers/{id}/top`: the host's own `ps`, whose columns differ from one to the other. */
export const topAnswer = z.object({ Titles: listOf(z.string()), Processes: listOf(z.array(z.string())) });

const MOST_PROCESSES = 500;
const LONGEST_COMMAND = 1_024;

export function readProcesses({ Titles, Processes }: z.output<typeof topAnswer>): ContainerProcess[] {
  const columnOf = (...names: string[]) => Titles.findIndex((title) => names.includes(title.toUpperCase()));
  const [pidAt, userAt, commandAt] = [columnOf("PID"), columnOf("UID", "USER"), columnOf("CMD", "COMMAND")];
  return Processes.slice(0, MOST_PROCESSES).flatMap((row) => {
    const pid = Number(row[pidAt]);
    const user = row[userAt];
    if (!Number.isSafeInteger(pid)) return [];
    const command = (row[commandAt] ?? "").slice(0, LONGEST_COMMAND);
    return [{ pid, ...(user !== undefined && { user }), command }];
  });
}
