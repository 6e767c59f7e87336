/** Which containers a container cannot do without, by what compose, the engine and its own label say. */
import type { Container } from "@shipkeeper/model";

const COMPOSE_LABEL = "com.docker.compose.depends_on";
const OWN_LABEL = "shipkeeper.depends-on";
/** A dependency that has done its work is meant to be over. */
const OVER = "service_completed_successfully";

/** A container's direct dependencies: for each the containers of which any one is enough. */
export type Dependencies = (container: Container) => readonly (readonly Container[])[];

export function dependenciesAmong(containers: readonly Container[]): Dependencies {
  const byId = new Map<string, Container>(containers.map((one) => [one.id, one]));
  const byName = new Map(containers.map((one) => [one.name, one]));
  const byService = Map.groupBy(containers, ({ compose }) =>
    compose === undefined ? "" : serviceKey(compose.project, compose.service),
  );
  const ofService = ({ compose }: Container, service: string) =>
    compose === undefined ? [] : (byService.get(serviceKey(compose.project, service)) ?? []);
  const single = (key: string) => [byId.get(key) ?? byName.get(key) ?? []].flat();

  return (container) => {
    const services = neededServices(container.labels[COMPOSE_LABEL]);
    const named = wordsOf(container.labels[OWN_LABEL]);
    const groups = [
      ...services.map((service) => ofService(container, service)),
      ...named.map((name) => {
        const found = single(name);
        return found.length > 0 ? found : ofService(container, name);
      }),
      ...lenders(container).map(single),
    ];
    return groups
      .map((group) => group.filter(({ id }) => id !== container.id))
      .filter((group) => group.length > 0);
  };
}

/** `db:service_healthy:false,redis:service_started:true`, or of older versions of compose `db,redis`. */
function neededServices(label: string | undefined): string[] {
  return wordsOf(label).flatMap((word) => {
    const [service = "", condition] = word.split(":");
    return condition === OVER ? [] : [service];
  });
}

/** Ids or names of the containers whose network, process or IPC namespace it lives in, or whose volumes it has. */
function lenders({ privileges: { networkMode, pidMode, ipcMode }, volumesFrom = [] }: Container): string[] {
  const namespaces = [networkMode, pidMode, ipcMode].flatMap((mode) =>
    mode.startsWith("container:") ? [mode.slice("container:".length)] : [],
  );
  return [...namespaces, ...volumesFrom];
}

function wordsOf(label = ""): string[] {
  return label
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

const serviceKey = (project: string, service: string) => `${project}/${service}`;
