import type { ContainerId } from "@shipkeeper/model";
import type { EngineEvent } from "../engine.ts";

/** What of an inventory is out of date: single containers, and whole sections. */
export interface Changes {
  readonly containers: ReadonlySet<ContainerId>;
  readonly sections: ReadonlySet<"engine" | "images" | "volumes" | "networks">;
}

/** What a run of events puts out of date. Thousands about one container come to one read of it. */
export function changesOf(events: Iterable<EngineEvent>): Changes {
  const containers = new Set<ContainerId>();
  const sections = new Set<"engine" | "images" | "volumes" | "networks">();
  for (const { type, action, subject, attributes } of events) {
    // A signal changes nothing by itself; what it comes to has an event of its own.
    if (type === "container" && subject !== "" && action !== "kill") containers.add(subject as ContainerId);
    if (type === "image") sections.add("images");
    // The container's own events tell of it.
    if (type === "volume" && action !== "mount") sections.add("volumes");
    if (type === "daemon") sections.add("engine");
    if (type === "network") {
      const { container } = attributes;
      if (container !== undefined) containers.add(container as ContainerId);
      else if (action !== "connect" && action !== "disconnect") sections.add("networks");
    }
  }
  return { containers, sections };
}
