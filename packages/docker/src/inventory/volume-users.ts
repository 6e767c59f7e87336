import type { Container, ContainerId, Volume } from "@shipkeeper/model";

/** The volumes with every container that mounts them, in whatever state: a stopped one will want its data back. */
export function withVolumeUsers(volumes: readonly Volume[], containers: readonly Container[]): Volume[] {
  const usersOf = new Map<string, ContainerId[]>();
  for (const { id, mounts } of containers) {
    for (const name of new Set(mounts.map((mount) => mount.volume))) {
      if (name !== undefined) usersOf.set(name, [...(usersOf.get(name) ?? []), id]);
    }
  }
  return volumes.map((volume) => ({ ...volume, users: usersOf.get(volume.name) ?? [] }));
}
