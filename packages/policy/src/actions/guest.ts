import type { Container } from "@shipkeeper/model";

/**
 * A container, in whatever state, that lives in another one's network, process or IPC namespace
 * (`--network container:…`): it loses that with the other one, and cannot start without it.
 */
export function guestOf(
  { id, name }: Pick<Container, "id" | "name">,
  containers: readonly Container[],
): Container | undefined {
  const [byId, byName] = [`container:${id}`, `container:${name}`];
  const joins = (mode: string) => mode === byId || mode === byName;
  return containers.find(
    ({ privileges: { networkMode, pidMode, ipcMode } }) =>
      joins(networkMode) || joins(pidMode) || joins(ipcMode),
  );
}
