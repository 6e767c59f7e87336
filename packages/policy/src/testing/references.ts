/** Who refers to what on a host, found in the plainest way: what planners must agree with, and share no code with. */
import type { Inventory } from "@shipkeeper/model";
import type { Target } from "../actions/action.ts";

const NEEDED_STATES = ["running", "paused", "restarting", "removing"];

/** Whether something on the host still needs the target. A container is needed while it runs or lends its network. */
export function referencesOf({ containers, images }: Inventory): (target: Target) => boolean {
  const nameToId = new Map(images.flatMap(({ id, tags }) => tags.map((tag) => [tag, id] as const)));
  const referred = new Set<string>();
  const refer = (type: Target["type"], id: string | undefined) => void referred.add(`${type} ${id}`);

  for (const { parentId } of images) refer("image", parentId);
  for (const { id, state, image, imageId, mounts, networks, privileges } of containers) {
    refer("image", imageId);
    refer("image", nameToId.get(image));
    for (const { volume } of mounts) refer("volume", volume);
    for (const network of networks) refer("network", network.id);
    if (NEEDED_STATES.includes(state)) refer("container", id);

    const lender = /^container:(.+)$/.exec(privileges.networkMode)?.[1];
    const lending = containers.filter((other) => other.id === lender || other.name === lender);
    for (const other of lending) refer("container", other.id);
  }
  return ({ type, id }) => referred.has(`${type} ${id}`);
}
