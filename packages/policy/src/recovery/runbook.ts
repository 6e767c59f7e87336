/**
 * How a host is rebuilt by hand, with nothing but restic and docker: a text for people that a shell can run as it is. It
 * is written anew with every backup of the host's configuration and names what is on this one host.
 */
import { formatInstant } from "@shipkeeper/kit";
import { datasetId, readDatasetId, type DatasetId } from "../dataset/dataset.ts";
import { dockerCreate } from "./docker-create.ts";
import {
  HOST_DATASET,
  IMAGE_FILE,
  type HostConfiguration,
  type RecordedContainer,
} from "./host-configuration.ts";
import { feedCommands } from "./runbook-feeds.ts";
import { recordOf, textOf } from "./settings.ts";
import { shellWord } from "./shell.ts";
import { startOrder } from "./start-order.ts";

/** How restic is asked for the restore points of one dataset; the collector's own words are not needed. */
export type TagOfDataset = (dataset: DatasetId) => string;

export function writeRunbook(host: HostConfiguration, tagOf: TagOfDataset): string {
  const containers = startOrder(host.containers);
  const commands = containers.map((container) => ({
    container,
    command: dockerCreate(container.blueprint),
  }));
  const asked = commands.flatMap(({ container, command }) =>
    command.secrets.map(({ shell, variable }) => ({ shell, variable, name: container.blueprint.name })),
  );
  const known = knownDatasets(host);
  const sections = [
    head(host, tagOf),
    secretsSection(asked),
    ["# 1. Networks", ...host.networks.flatMap(networkCommands)],
    ["# 2. Images", ...imagesOf(host).flatMap((image) => imageCommands(image, tagOf))],
    ["# 3. Volumes", ...host.volumes.flatMap((volume) => volumeCommands(volume, known, tagOf))],
    ["# 4. Folders of the host", ...bindsOf(host).flatMap((path) => folderCommands(path, tagOf))],
    ["# 5. Containers, each after those that it needs", ...commands.flatMap(containerCommands)],
    [
      "# 6. Start; a database takes its dump back before who needs it begins",
      ...containers
        .filter(({ running }) => running)
        .flatMap((container) => [
          ...startCommands(container),
          ...feedCommands(container, host, (dataset) => tagWord(dataset, tagOf)),
        ]),
    ],
    ['rm -rf "$STAGE"', "docker ps --all", `echo ${shellWord(`host ${host.host.name} is rebuilt`)}`],
  ];
  return `${sections.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

function head(
  { host, writtenAt, engine, restorePoints, gaps }: HostConfiguration,
  tagOf: TagOfDataset,
): string[] {
  return [
    "#!/bin/bash",
    `# How host ${comment(host.name)} (${host.id}) is rebuilt from a backup repository, without Shipkeeper.`,
    `# Written ${formatInstant(writtenAt)}; its engine was Docker ${comment(engine.version)}.`,
    "#",
    "# Needed: root, bash, restic, a Docker engine with its docker command, and this repository with its password:",
    "#   export RESTIC_REPOSITORY=/path/or/sftp:… RESTIC_PASSWORD_FILE=/path",
    "# Every setting is in configuration.json beside this text, what looked secret in secrets.sealed, sealed to the recovery",
    `# key: restic restore latest --host ${host.id} --tag ${tagWord(HOST_DATASET, tagOf)} --target /var/tmp/configuration`,
    "# Run it whole with `bash RUNBOOK.txt`, or line by line. It stops at the first thing that goes wrong, and where a",
    "# network, a volume or a container of that name exists already: nothing is overwritten.",
    "# `latest` takes the newest restore point; an id of `restic snapshots` in its place takes another time. One with the",
    "# tag `incomplete` is not whole: then put the id of the one before it in the place of `latest`.",
    "#",
    "# Restore points known when this was written:",
    ...restorePoints.map(
      ({ dataset, repository, restorePoint, at }) =>
        `#   ${restorePoint.slice(0, 8)}  ${formatInstant(at)}  ${comment(dataset)}  in ${repository}`,
    ),
    ...(restorePoints.length === 0 ? ["#   none"] : []),
    ...gaps.map((gap) => `# Not read when this was written: ${comment(gap)}`),
    "",
    "set -eu -o pipefail",
    ': "${RESTIC_REPOSITORY:?}" "${RESTIC_PASSWORD_FILE:?}"',
    `HOST=${host.id}`,
    'STAGE=$(mktemp -d "${TMPDIR:-/var/tmp}/rebuild.XXXXXXXX")',
    "",
    `absent() { if docker "$1" inspect "$2" >/dev/null 2>&1; then echo "$1 $2 exists" >&2; exit 1; fi; }`,
    `kept() { found=$(restic snapshots --json --host "$HOST" --tag "$1") || exit 1; [[ $found = *'"id"'* ]]; }`,
    `missing() { echo "nothing of $1 is in this repository: it begins empty" >&2; }`,
    "# Waits up to five minutes for a container that tells its health, and two seconds for another one.",
    "well() {",
    "  for _ in $(seq 300); do",
    `    state=$(docker inspect --format '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}' "$1")`,
    `    case $state in`,
    `      "running healthy") echo "$1 is healthy"; return 0 ;;`,
    `      "running ") sleep 2; [ "$(docker inspect --format '{{.State.Running}}' "$1")" = true ] && echo "$1 runs"; return ;;`,
    `      exited*|dead*) echo "$1 ended" >&2; return 1 ;;`,
    "    esac",
    "    sleep 1",
    "  done",
    `  echo "$1 did not become healthy" >&2; return 1`,
    "}",
  ];
}

function secretsSection(
  asked: readonly { readonly shell: string; readonly variable: string; readonly name: string }[],
): string[] {
  if (asked.length === 0) return ["# Nothing in its environments looked secret."];
  return [
    "# Values that looked secret are not in this text. Set these before it runs; what is not set is left out.",
    ...asked.map(({ shell }) => `export ${shell}="\${${shell}-}"`),
    ...asked.map(
      ({ shell, variable, name }) =>
        `[ -n "$${shell}" ] || echo ${shellWord(`${variable} of container ${name} is not set`)} >&2`,
    ),
  ];
}

function networkCommands({ name, create }: HostConfiguration["networks"][number]): string[] {
  const ipam = recordOf(create["IPAM"]);
  const ranges = Array.isArray(ipam["Config"]) ? ipam["Config"].map(recordOf) : [];
  const words = [
    "--driver",
    shellWord(textOf(create["Driver"]) || "bridge"),
    ...(create["Internal"] === true ? ["--internal"] : []),
    ...(create["Attachable"] === true ? ["--attachable"] : []),
    ...(create["EnableIPv6"] === true ? ["--ipv6"] : []),
    ...ranges.flatMap((range) => [
      ...said("--subnet", range["Subnet"]),
      ...said("--gateway", range["Gateway"]),
      ...said("--ip-range", range["IPRange"]),
    ]),
    ...pairsOf("--opt", create["Options"]),
    ...pairsOf("--label", create["Labels"]),
  ];
  const word = shellWord(name);
  return [`absent network ${word}`, `docker network create ${[...words, word].join(" ")}`];
}

interface WantedImage {
  readonly reference: string;
  readonly digest: string | undefined;
}

/** The images of all containers, each once. */
function imagesOf({ containers, images }: HostConfiguration): WantedImage[] {
  const byId = new Map<string, HostConfiguration["images"][number]>(images.map((one) => [one.id, one]));
  const wanted = new Map(
    containers.map(({ blueprint: { image, imageId } }) => [
      image,
      { reference: image, digest: byId.get(imageId)?.digests[0] },
    ]),
  );
  return [...wanted.values()];
}

/** As it was kept, else as its registry has it by digest, else by its name. */
function imageCommands({ reference, digest }: WantedImage, tagOf: TagOfDataset): string[] {
  const word = shellWord(reference);
  const tag = tagWord(datasetId({ kind: "image", name: reference }), tagOf);
  const pull =
    digest === undefined
      ? `docker pull ${word}`
      : `docker pull ${shellWord(digest)}; docker tag ${shellWord(digest)} ${word}`;
  return [
    `if docker image inspect ${word} >/dev/null 2>&1; then echo ${shellWord(`image ${reference} is here`)}`,
    `elif kept ${tag}; then restic dump latest --host "$HOST" --tag ${tag} /${IMAGE_FILE} | docker load`,
    `else ${pull}; fi`,
  ];
}

function volumeCommands(
  { name, driver, labels, options, mountpoint }: HostConfiguration["volumes"][number],
  known: ReadonlySet<DatasetId>,
  tagOf: TagOfDataset,
): string[] {
  const word = shellWord(name);
  const dataset = datasetId({ kind: "volume", name });
  const tag = tagWord(dataset, tagOf);
  const words = [
    ...(driver === "local" ? [] : ["--driver", shellWord(driver)]),
    ...pairsOf("--opt", options),
    ...pairsOf("--label", labels),
  ];
  const isDumped = known.has(datasetId({ kind: "dump", name }));
  return [
    `absent volume ${word}`,
    `docker volume create ${[...words, word].join(" ")}`,
    `if kept ${tag}; then`,
    `  restic restore latest --host "$HOST" --tag ${tag} --target "$STAGE"`,
    `  cp --archive --sparse=always "$STAGE"${shellWord(`${mountpoint}/.`)} "$(docker volume inspect --format '{{.Mountpoint}}' ${word})/"`,
    `  find "$STAGE" -mindepth 1 -delete`,
    isDumped ? `else echo ${shellWord(`volume ${name} is kept as a dump`)}; fi` : `else missing ${word}; fi`,
  ];
}

function bindsOf({ restorePoints }: HostConfiguration): string[] {
  const paths = restorePoints.map(({ dataset }) => readDatasetId(dataset));
  return [...new Set(paths.flatMap((one) => (one?.kind === "bind" ? [one.name] : [])))].toSorted();
}

function folderCommands(path: string, tagOf: TagOfDataset): string[] {
  const word = shellWord(path);
  const tag = tagWord(datasetId({ kind: "bind", name: path }), tagOf);
  return [
    `if [ -n "$(ls -A ${word} 2>/dev/null)" ]; then echo ${shellWord(`folder ${path} is not empty`)} >&2; exit 1; fi`,
    `restic restore latest --host "$HOST" --tag ${tag} --target /`,
  ];
}

function containerCommands({
  container,
  command,
}: {
  readonly container: RecordedContainer;
  readonly command: ReturnType<typeof dockerCreate>;
}): string[] {
  const { name } = container.blueprint;
  return [
    `absent container ${shellWord(name)}`,
    ...(command.left.length === 0
      ? []
      : [`# Not in this command, see configuration.json: ${comment(command.left.join(", "))}`]),
    command.words.join(" "),
    ...command.connect.map((words) => words.join(" ")),
  ];
}

function startCommands({ blueprint: { name } }: RecordedContainer): string[] {
  return [`docker start ${shellWord(name)}`, `well ${shellWord(name)}`];
}

function knownDatasets({ restorePoints }: HostConfiguration): Set<DatasetId> {
  return new Set(restorePoints.map(({ dataset }) => dataset));
}

function tagWord(dataset: DatasetId, tagOf: TagOfDataset): string {
  return shellWord(`shipkeeper,${tagOf(dataset)}`);
}

/** A text that goes behind `#`: whatever it holds, the line ends where this one does. */
function comment(text: string): string {
  return text.replaceAll(/[\r\n]/g, " ");
}

const said = (flag: string, value: unknown) =>
  typeof value === "string" && value !== "" ? [flag, shellWord(value)] : [];
const pairsOf = (flag: string, value: unknown) =>
  Object.entries(recordOf(value)).flatMap(([key, one]) => [flag, shellWord(`${key}=${String(one)}`)]);
