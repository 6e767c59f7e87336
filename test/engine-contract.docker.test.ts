import { openEngine } from "@shipkeeper/docker";
import { type ContractImage, describeEngineContract } from "@shipkeeper/docker/contract";
import {
  busyboxLayer,
  forgeImage,
  type LabHost,
  loadImages,
  runContainer,
  startFleet,
} from "@shipkeeper/lab";
import { containerIdSchema, imageIdSchema } from "@shipkeeper/model";

describeEngineContract("a real engine", async () => {
  const fleet = await startFleet({ hosts: 1, prefix: "contract" });
  const host = fleet.host("contract-1");
  const engine = openEngine({ socketPath: host.socketPath });

  return {
    engine,
    addImage: (image) => addImage(host, image),
    tagImage: async (id, tag) => {
      await host.engine.getImage(id).tag({ repo: tag });
    },
    addContainer: async ({
      name,
      image,
      state,
      volume,
      labels = {},
      writes,
      logDriver,
      environment = [],
    }) => {
      const container = await runContainer(host, {
        name,
        image,
        labels,
        behaves: BEHAVIOURS[state],
        healthIntervalMs: 200,
        ...(writes && { command: ["/bin/sh", "-c", writes.map((line) => `echo ${line}`).join("; ")] }),
        ...(logDriver && { logDriver }),
        env: Object.fromEntries(environment.map((assignment) => splitAtEquals(assignment))),
        mounts: volume === undefined ? [] : [{ volume, target: "/data" }],
      });
      return containerIdSchema.parse(container.id);
    },
    exitContainer: async (id) => {
      await host.engine.getContainer(id).stop({ t: 0 });
    },
    close: () => fleet.stop(),
  };
});

function splitAtEquals(assignment: string): [name: string, value: string] {
  const equals = assignment.indexOf("=");
  return [assignment.slice(0, equals), assignment.slice(equals + 1)];
}

const BEHAVIOURS = {
  running: { kind: "running" },
  exited: { kind: "exited", code: 0 },
  created: { kind: "created" },
  unhealthy: { kind: "never-healthy" },
} as const;

async function addImage(
  host: LabHost,
  { tags, createdAt = "2024-01-01T00:00:00Z", labels = {} }: ContractImage,
) {
  // Two images of equal content are one image: the working folder tells them apart.
  const image = forgeImage({ tags, createdAt, layers: [busyboxLayer()], labels, workdir: `/${tags.join()}` });
  await loadImages(host, [image]);
  return imageIdSchema.parse(image.id);
}
