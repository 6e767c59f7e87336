/** Things with nothing special about them, for tests to add the one fact that they are about. */
import type { Container } from "../container.ts";
import type { Image } from "../image.ts";
import { volumeNameSchema } from "../ids.ts";
import type { Volume } from "../volume.ts";

/** A running container without limits, mounts, health check or orchestrator. */
export function plainContainer(
  facts: Partial<Container> & Pick<Container, "id" | "name" | "imageId">,
): Container {
  return {
    image: facts.imageId,
    command: ["/bin/true"],
    environment: [],
    labels: {},
    state: "running",
    oomKilled: false,
    restartCount: 0,
    health: { status: "none", failingStreak: 0, log: [] },
    restartPolicy: { name: "no", maximumRetries: 0 },
    autoRemove: false,
    mounts: [],
    networks: [],
    ports: [],
    limits: {},
    user: "",
    privileges: {
      privileged: false,
      capAdd: [],
      capDrop: [],
      networkMode: "default",
      pidMode: "",
      ipcMode: "private",
      readOnlyRootfs: false,
      securityOptions: [],
      devices: [],
    },
    logDriver: "json-file",
    ...facts,
  };
}

/** An image of one layer of 10 MB of its own, without a name. */
export function plainImage(facts: Partial<Image> & Pick<Image, "id">): Image {
  return {
    tags: [],
    digests: [],
    sizeBytes: 10_000_000,
    layers: [`layer-of-${facts.id}`],
    labels: {},
    history: [],
    user: "",
    architecture: "amd64",
    os: "linux",
    ...facts,
  };
}

/** A volume of the local driver that nothing uses; any text is its name. */
export function plainVolume(name: string, facts: Partial<Volume> = {}): Volume {
  return {
    name: volumeNameSchema.parse(name),
    driver: "local",
    mountpoint: `/var/lib/docker/volumes/${name}/_data`,
    labels: {},
    anonymous: false,
    users: [],
    ...facts,
  };
}
