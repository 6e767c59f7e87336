/** A container's blueprint from the engine's word on it, and the order for a container from a blueprint. */
import { type ContainerBlueprint, imageIdSchema, type Joining, type Variable } from "@shipkeeper/model";
import * as z from "zod";
import { listOf } from "./answer-schemas.ts";
import {
  configurationAnswer,
  copyConfiguration,
  type ConfigurationAnswer,
  type CopyOrder,
} from "./copy-configuration.ts";

/** `GET /containers/{id}/json`, as far as another engine can make the container from it. */
export const blueprintAnswer = configurationAnswer.extend({
  Name: z.string(),
  Config: configurationAnswer.shape.Config.extend({ Env: listOf(z.string()) }),
});
type BlueprintAnswer = z.output<typeof blueprintAnswer>;

export function readContainerBlueprint(
  answer: BlueprintAnswer,
  { values }: { values: boolean },
): ContainerBlueprint {
  const { create } = copyConfiguration(answer, { nameIsSame: true, manyNetworks: true });
  const { Env: _environment, Image: _image, NetworkingConfig, HostConfig, ...config } = create;
  const { EndpointsConfig } = endpointsSchema.parse(NetworkingConfig);
  const { MacAddress } = answer.Config;
  const mode = modeByName(answer);
  return {
    name: answer.Name.replace(/^\//, ""),
    image: answer.Config.Image,
    imageId: imageIdSchema.parse(answer.Image),
    environment: answer.Config.Env.map((assignment) => readVariable(assignment, values)),
    create: {
      ...config,
      ...(MacAddress !== "" && { MacAddress }),
      HostConfig: { ...(HostConfig as ConfigurationAnswer["HostConfig"]), NetworkMode: mode },
    },
    networks: Object.entries(EndpointsConfig)
      .map(([network, endpoint]): Joining => ({ network, endpoint }))
      .toSorted((a, b) => Number(isOfMode(b, mode)) - Number(isOfMode(a, mode))),
  };
}

const endpointsSchema = z.object({
  EndpointsConfig: z.record(z.string(), z.record(z.string(), z.unknown())),
});

/** A network may be asked for by its id, which means nothing to another engine. */
function modeByName({ HostConfig: { NetworkMode }, NetworkSettings }: BlueprintAnswer): string {
  const joined = Object.entries(NetworkSettings?.Networks ?? {});
  return joined.find(([, { NetworkID }]) => NetworkID === NetworkMode)?.[0] ?? NetworkMode;
}

function isOfMode({ network }: Joining, mode: string): boolean {
  return network === (mode === "" || mode === "default" ? "bridge" : mode);
}

function readVariable(assignment: string, values: boolean): Variable {
  const equals = assignment.indexOf("=");
  if (equals === -1) return { name: assignment };
  const name = assignment.slice(0, equals);
  return values ? { name, value: assignment.slice(equals + 1) } : { name };
}

/** From API 1.44 on a container can be created in several networks at once, and has hardware addresses in each. */
export function orderFrom(
  blueprint: ContainerBlueprint,
  { manyNetworks }: { manyNetworks: boolean },
): CopyOrder {
  const { MacAddress, ...create } = blueprint.create;
  const networks = blueprint.networks.map(({ network, endpoint: { MacAddress: hardware, ...endpoint } }) => ({
    network,
    endpoint: manyNetworks && hardware !== undefined ? { ...endpoint, MacAddress: hardware } : endpoint,
  }));
  const atOnce = manyNetworks ? networks : networks.slice(0, 1);
  return {
    create: {
      ...create,
      ...(!manyNetworks && MacAddress !== undefined && { MacAddress }),
      Image: blueprint.image,
      Env: blueprint.environment.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
      NetworkingConfig: {
        EndpointsConfig: Object.fromEntries(atOnce.map(({ network, endpoint }) => [network, endpoint])),
      },
    },
    connect: networks.slice(atOnce.length),
  };
}
