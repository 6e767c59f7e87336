import type { EngineEvent, EngineReader } from "@shipkeeper/docker";
import { isScratchName, type IsDrill } from "./scratch.ts";

/** The engine without what drills make: who watches the host, plans for it and tells of it sees nothing of a drill. */
export function withoutScratch(engine: EngineReader, isDrill: IsDrill): EngineReader {
  const isReal = ({ name }: { readonly name: string }) => !isScratchName(name, isDrill);
  // Of a volume the subject is its name.
  const isOfTheHost = ({ subject, attributes }: EngineEvent) =>
    isReal({ name: attributes["name"] ?? subject });
  const filtered: Pick<EngineReader, "container" | "volumes" | "networks" | "pastEvents" | "events"> = {
    async container(id, options) {
      const container = await engine.container(id, options);
      return container === undefined || isReal(container) ? container : undefined;
    },
    volumes: async (options) => (await engine.volumes(options)).filter(isReal),
    networks: async (options) => (await engine.networks(options)).filter(isReal),
    pastEvents: async (options) => (await engine.pastEvents(options)).filter(isOfTheHost),
    async *events(options) {
      for await (const event of engine.events(options)) if (isOfTheHost(event)) yield event;
    },
  };
  return new Proxy(engine, {
    get(target, key) {
      if (Object.hasOwn(filtered, key)) return Reflect.get(filtered, key) as unknown;
      const value: unknown = Reflect.get(target, key);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
