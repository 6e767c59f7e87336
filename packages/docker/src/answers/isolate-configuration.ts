/**
 * From the engine's word on a container to an order for one that runs the same program on other data, apart from
 * everything that is real. Values of the environment are looked at by nobody.
 */
import { isolateProgram, isolateSurroundings } from "@shipkeeper/model";
import * as z from "zod";
import type { Isolation } from "../engine.ts";
import { flag, text } from "./answer-schemas.ts";

/** `GET /containers/{id}/json`, as far as an isolated container can be made from it. */
export const isolableAnswer = z.object({
  Id: z.string(),
  Image: z.string(),
  Config: z.looseObject({ Hostname: text }),
  HostConfig: z.looseObject({
    NetworkMode: text,
    ReadonlyRootfs: flag,
  }),
});
export type IsolableAnswer = z.output<typeof isolableAnswer>;

/** The body of `POST /containers/create`. */
export function isolateConfiguration(
  { Id, Image, Config, HostConfig }: IsolableAnswer,
  { network, volumes, labels, ...limits }: Isolation,
): Readonly<Record<string, unknown>> {
  const { Hostname } = Config;
  const isItsOwn = Hostname !== "" && !Id.startsWith(Hostname) && !sharesNetwork(HostConfig.NetworkMode);
  const surroundings = isolateSurroundings(HostConfig, limits);
  return {
    ...isolateProgram(Config),
    ...(isItsOwn && { Hostname }),
    // By its id: a tag may have moved on, and nothing is pulled.
    Image,
    Labels: labels,
    HostConfig: {
      ...surroundings,
      NetworkMode: network,
      Mounts: [
        ...surroundings.Mounts,
        ...Array.from(volumes, ([Target, Source]) => ({ Type: "volume", Source, Target })),
      ],
    },
    NetworkingConfig: { EndpointsConfig: { [network]: {} } },
  };
}

function sharesNetwork(networkMode: string): boolean {
  return networkMode === "host" || networkMode.startsWith("container:");
}
