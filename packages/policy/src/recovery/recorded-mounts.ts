/** What a recorded container has mounted, out of the three places where the engine keeps it. */
import type { RecordedContainer } from "./host-configuration.ts";
import { recordOf, recordsOf, textOf, textsOf } from "./settings.ts";

export interface RecordedMount {
  /** `volume`, `bind`, or what else the engine knows. */
  readonly type: string;
  /** The volume's name, or the host's path; empty for a volume without a name. */
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  /** Options of a volume that concern only the container. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Those of the containers that it takes volumes from included; what a temporary file system is left out. */
export function recordedMounts(
  container: RecordedContainer,
  byName: ReadonlyMap<string, RecordedContainer>,
): RecordedMount[] {
  const own = ownMounts(container);
  const borrowed = textsOf(hostOf(container)["VolumesFrom"]).flatMap((text) => {
    const [name = "", mode = ""] = text.split(":");
    const lender = byName.get(name);
    const lent = lender === undefined ? [] : ownMounts(lender);
    return mode === "ro" ? lent.map((mount) => ({ ...mount, readOnly: true })) : lent;
  });
  // What it mounts itself hides what it borrows, and what its image asks for is there only where nothing else is.
  const anonymous = Object.keys(recordOf(container.blueprint.create["Volumes"])).map(volumeAt);
  const byTarget = new Map([...anonymous, ...borrowed, ...own].map((mount) => [mount.target, mount]));
  return [...byTarget.values()];
}

export function hostOf({ blueprint }: RecordedContainer): Readonly<Record<string, unknown>> {
  return recordOf(blueprint.create["HostConfig"]);
}

function ownMounts(container: RecordedContainer): RecordedMount[] {
  const host = hostOf(container);
  return [
    ...textsOf(host["Binds"]).map(readBind),
    ...recordsOf(host["Mounts"])
      .filter(({ Type }) => Type !== "tmpfs")
      .map(readMount),
  ];
}

/** `shop-data:/data:ro`, or a path of the host in the place of the volume. */
function readBind(bind: string): RecordedMount {
  const [source = "", target = "", mode = ""] = bind.split(":");
  const modes = mode.split(",");
  return {
    type: source.startsWith("/") ? "bind" : "volume",
    source,
    target: withoutSlash(target),
    readOnly: modes.includes("ro"),
    options: modes.includes("nocopy") ? { NoCopy: true } : {},
  };
}

function readMount(mount: Readonly<Record<string, unknown>>): RecordedMount {
  const { NoCopy, Subpath } = recordOf(mount["VolumeOptions"]);
  return {
    type: textOf(mount["Type"]),
    source: textOf(mount["Source"]),
    target: withoutSlash(textOf(mount["Target"])),
    readOnly: mount["ReadOnly"] === true,
    options: { ...(NoCopy === true && { NoCopy }), ...(typeof Subpath === "string" && { Subpath }) },
  };
}

function volumeAt(target: string): RecordedMount {
  return { type: "volume", source: "", target: withoutSlash(target), readOnly: false, options: {} };
}

function withoutSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, "") : path;
}
