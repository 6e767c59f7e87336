/** How databases take their dumps back by hand, once they run. */
import { readDatasetId, type DatasetId } from "../dataset/dataset.ts";
import { dumpProgramNamed } from "../dump-program.ts";
import type { HostConfiguration, RecordedContainer } from "./host-configuration.ts";
import { takeBackOf } from "./plan-recovery.ts";
import { shellWord } from "./shell.ts";

/** The whole dump first: what reads it cannot tell one that breaks off from one that ends. */
export function feedCommands(
  { blueprint: { name } }: RecordedContainer,
  host: HostConfiguration,
  wordOf: (dataset: DatasetId) => string,
): string[] {
  return dumpsInto(name, host).flatMap(({ dataset, program, file }) => {
    const user = program.user === undefined ? [] : ["--user", shellWord(program.user)];
    const words = ["--interactive", ...user, ...[name, ...program.argv].map(shellWord)];
    return [
      `restic dump latest --host "$HOST" --tag ${wordOf(dataset)} ${shellWord(`/${file}`)} >"$STAGE/dump"`,
      `docker exec ${words.join(" ")} <"$STAGE/dump"`,
      `rm "$STAGE/dump"; echo ${shellWord(`${dataset} is taken back`)}`,
    ];
  });
}

/** The dumps that a container takes back, each once, wherever copies of it are. */
function dumpsInto(container: string, host: HostConfiguration) {
  const dumps = new Map(host.restorePoints.map((point) => [point.dataset, point]));
  return [...dumps.values()].flatMap((point) => {
    const takeBack = takeBackOf(point, host);
    const program = point.dump && dumpProgramNamed(host.hooks, point.dump.hook);
    if (takeBack?.container !== container || program === undefined) return [];
    const file = `${readDatasetId(point.dataset)?.name}.${program.extension}`;
    return [{ dataset: point.dataset, program: takeBack.program, file }];
  });
}
