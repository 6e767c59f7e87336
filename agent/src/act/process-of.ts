import { readFile } from "node:fs/promises";
import type { Container } from "@shipkeeper/model";

/**
 * Watches a container's first process by the kernel's word. The result tells whether it has ended; always true where the
 * process cannot be seen, as by an agent that runs in a container of its own: then the engine's word is all there is.
 */
export async function processOf({ id, pid }: Pick<Container, "id" | "pid">): Promise<() => Promise<boolean>> {
  const isIts = pid !== undefined && (await read(`/proc/${pid}/cgroup`))?.includes(id) === true;
  const before = isIts ? lifeOf(await read(`/proc/${pid}/stat`)) : undefined;
  return async () => {
    if (before === undefined) return true;
    const now = lifeOf(await read(`/proc/${pid}/stat`));
    return now === undefined || now.startedAt !== before.startedAt || now.isOver;
  };
}

/** `4711 (a name) S 1 …`: the state is the third field, the start the twenty-second. A name may hold anything. */
function lifeOf(
  stat: string | undefined,
): { readonly isOver: boolean; readonly startedAt: string } | undefined {
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state] = fields ?? [];
  const startedAt = fields?.[19];
  if (state === undefined || startedAt === undefined) return undefined;
  // A zombie has ended, and waits for whoever started it to take notice.
  return { isOver: state === "Z" || state === "X", startedAt };
}

async function read(path: string): Promise<string | undefined> {
  return readFile(path, "utf8").catch(() => undefined);
}
