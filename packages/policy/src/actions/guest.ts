import type { Container } from "@shipkeeper/model";

/**
 * A container, in whatever state, that lives in another one's network, process or IPC namespace
 * (`--network container:…`): it loses that with the other one, and cannot start without it.
 */
export function guestOf(
  { id, name }: Pick<Container, "id" | "name">,
  containers: readonly Container[],
): Container | undefined {
  const ways = new Set([`container:${id}`, `container:${name}`]);
  return containers.find(({ privileges: { networkMode, pidMode, ipcMode } }) =>
    [networkMode, pidMode, ipcMode].some((mode) => ways.has(mode)),
  );
}
