/** Makes a post-mortem fit to leave the host: without secrets, readable, and no larger than it may be. Pure. */
import { maskSecrets } from "@shipkeeper/kit";
import {
  MOST_LOG_LINE,
  MOST_POST_MORTEM_BYTES,
  MOST_PROCESSES,
  type Evidence,
  type PostMortem,
} from "@shipkeeper/protocol";

const MOST_OUTPUT = 4_096;
const MOST_COMMAND = 300;
const MOST_NAME = 500;
const MOST_THINGS = 50;

/** Evidence as it was read. Its texts may still hold secrets, and be of any length. */
export type RawEvidence = Evidence;

/** `known` are values that must not be told wherever they stand. Masks first and cuts then: half a secret is one, too. */
export function fitEvidence(raw: RawEvidence, known: readonly string[]): Evidence {
  const say = (text: string, most: number) => cut(maskSecrets(plain(text), known), most);
  const { health, log, processes, mounts, networks, missing } = raw;
  return {
    ...raw,
    ...(health !== undefined && {
      health: {
        ...health,
        outputs: health.outputs.slice(-5).map((one) => ({ ...one, output: say(one.output, MOST_OUTPUT) })),
      },
    }),
    log: {
      ...log,
      lines: maskLines(log.lines, known),
      ...(log.problem !== undefined && { problem: say(log.problem, MOST_NAME) }),
    },
    ...(processes !== undefined && {
      processes: processes
        .slice(0, MOST_PROCESSES)
        .map(({ command, ...one }) => ({ ...one, command: say(command, MOST_COMMAND) })),
    }),
    mounts: mounts.slice(0, MOST_THINGS).map((mount) => ({
      ...mount,
      what: say(mount.what, MOST_NAME),
      destination: say(mount.destination, MOST_NAME),
    })),
    networks: networks.slice(0, MOST_THINGS).map((name) => cut(plain(name), 200)),
    missing: missing.map(({ what, why }) => ({ what, why: say(why, MOST_NAME) })),
  };
}

/** All lines at once: a key may go over many of them. */
function maskLines(lines: Evidence["log"]["lines"], known: readonly string[]): Evidence["log"]["lines"] {
  const masked = maskSecrets(
    lines.map(({ text }) => plain(text).replaceAll("\n", " ")).join("\n"),
    known,
  ).split("\n");
  return lines.map((line, place) => ({ ...line, text: cut(masked[place] ?? "", MOST_LOG_LINE) }));
}

/** Control characters, which JSON writes six bytes long; tabs and line ends stay. */
const CONTROL = /[^\P{Cc}\t\n]/gu;
/** What terminals take for colours and movements, behind an escape. */
const COLOURS = /[^\P{Cc}\t\n\r]\[[0-9;?]*[A-Za-z]/gu;

function plain(text: string): string {
  return text.replace(COLOURS, "").replaceAll("\r\n", "\n").replace(CONTROL, "\ufffd");
}

function cut(text: string, most: number): string {
  return (text.length <= most ? text : `${text.slice(0, most - 1)}…`).toWellFormed();
}

/** Leaves out the oldest lines of the log until the rest fits; of what is too large without any, the long lists end early. */
export function fitPostMortem(postMortem: PostMortem): PostMortem {
  const { evidence } = postMortem;
  const bare = { ...postMortem, evidence: { ...evidence, log: { ...evidence.log, lines: [] } } };
  const room = MOST_POST_MORTEM_BYTES - bytesOf(bare) - SPARE_BYTES;
  if (room < 0) return fitPostMortem({ ...postMortem, evidence: shortened(evidence) });
  const lines = newestWithin(evidence.log.lines, room);
  const left = evidence.log.lines.length - lines.length;
  return {
    ...postMortem,
    evidence: { ...evidence, log: { ...evidence.log, lines, cut: evidence.log.cut + left } },
  };
}

/** For the digits of the count of lines that are left out, and the kind of the entry. */
const SPARE_BYTES = 100;

function newestWithin(lines: Evidence["log"]["lines"], room: number): Evidence["log"]["lines"] {
  let bytes = 0;
  const first = lines.findLastIndex((line) => (bytes += bytesOf(line) + ",".length) > room);
  return lines.slice(first + 1);
}

/** At three bytes a character these come to 120 kB at most. */
function shortened(evidence: Evidence): Evidence {
  const { health, processes, mounts, networks } = evidence;
  return {
    ...evidence,
    ...(health !== undefined && {
      health: {
        ...health,
        outputs: health.outputs.map((one) => ({ ...one, output: cut(one.output, 1_000) })),
      },
    }),
    ...(processes !== undefined && { processes: processes.slice(0, 20) }),
    mounts: mounts.slice(0, 5),
    networks: networks.slice(0, 5),
  };
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));
