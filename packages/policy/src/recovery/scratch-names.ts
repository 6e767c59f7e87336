/** Names of things that are made for a try: each thing has one of its own, and nobody else has it. */

export type ScratchNames = ReturnType<typeof scratchNames>;

/** The n-th thing is called `nameOf(n)`; asked for again, it has the same name. */
export function scratchNames(nameOf: (place: number) => string) {
  const given = new Map<string, string>();
  const real = new Map<string, string>();
  const name = (kind: "container" | "network" | "volume" | "folder") => (known: string) => {
    const key = `${kind} ${known}`;
    const scratch = given.get(key) ?? nameOf(given.size);
    given.set(key, scratch);
    real.set(scratch, known);
    return scratch;
  };
  return {
    container: name("container"),
    network: name("network"),
    volume: name("volume"),
    /** Of the volume that stands for a folder of the lost host. */
    folder: name("folder"),
    /** Scratch name → what it stands for. */
    real: real as ReadonlyMap<string, string>,
  };
}
