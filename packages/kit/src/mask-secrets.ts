/**
 * Takes secrets out of text that leaves a host: log lines, outputs of health checks, command lines. It knows shapes
 * (assignments to names that sound secret, headers, URLs, tokens, key blocks) and the values it is told. Where it
 * cannot tell where a secret ends it masks too much.
 */

export const MASK = "[masked]";

/** Shorter values than this occur in ordinary words too often to be looked for. */
const SHORTEST_KNOWN = 6;

/**
 * The text with `[masked]` in place of every secret, with as many lines as before. `known` are values that are
 * secret wherever they occur, such as a container's environment: those of at least 6 characters are looked for, as they
 * are and as JSON writes them. Takes time in proportion to the text, and masks nothing more the second time.
 */
export function maskSecrets(text: string, known: readonly string[] = []): string {
  let masked = maskKeyBlocks(maskKnown(text, known));
  masked = masked.replace(/[^\s"'<>]+/g, maskUserInfo);
  for (const [pattern, replacement] of SHAPES) masked = masked.replace(pattern, replacement);
  masked = masked.replace(/[A-Za-z0-9+/=_-]+/g, maskRawKey);
  // Again, because a shape may have taken the line that begins a block, and what is left of it then ends one.
  return maskKeyBlocks(masked);
}

/* Every quantifier below is bounded, or runs over characters that cannot begin another match of the same pattern: no
   input takes more than a constant number of looks at each character. */

const KEYWORD = [
  "passw(?:or)?d",
  "passphrase",
  "pwd",
  "pass(?![a-z])",
  "secret",
  "token",
  "credential",
  "creds?(?![a-z])",
  "auth(?![a-z])",
  "(?:api|access|account|private|encryption|signing|master|shared|service|deploy)[ _.-]?key",
  "connection[ _.-]?string",
  "cookie",
  "session[ _.-]?id",
  "signature",
].join("|");

/** A text in quotes, plain or escaped, up to where it ends. */
const QUOTED = [
  String.raw`\\"(?:[^"\\\r\n]|\\(?!"))*`,
  String.raw`"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*`,
  String.raw`'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*`,
].join("|");

/** What may be assigned: a text in quotes, a structure up to the line's end, or all up to a space. */
const VALUE = [
  QUOTED,
  String.raw`(?!\[masked\])[{[][^\r\n]*`,
  String.raw`[^\s"'][^\s"]*(?:"(?![\s,:}\]]|$)[^\s"]*)*`,
].join("|");

const OPENING_QUOTE = /^\\?["']/;

const SHAPES: readonly (readonly [RegExp, (whole: string, ...groups: string[]) => string])[] = [
  [
    // A scheme may have parameters in quotes, so only what opens with a quote ends before the line does.
    new RegExp(
      String.raw`((?:proxy-)?authorization\\?["']?[ \t]{0,4}(?:[:=]|=>)[ \t]{0,4})(${QUOTED}|[^"'\r\n\\][^\r\n]*)`,
      "gi",
    ),
    (_, head = "", value = "") => head + maskValue(value),
  ],
  [/\b(bearer[ \t]{1,4})(?=[^\s\d]{0,200}\d)[A-Za-z0-9._~+/=-]{8,}/gi, (_, head = "") => head + MASK],
  [/\b(basic[ \t]{1,4})[A-Za-z0-9+/=]{8,}/gi, (_, head = "") => head + MASK],
  [
    new RegExp(
      String.raw`((?:${KEYWORD})[A-Za-z0-9_.-]{0,40}\\?["']?\]?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4})(${VALUE})`,
      "gi",
    ),
    (_, head = "", value = "") => head + maskValue(value),
  ],
  [
    new RegExp(
      String.raw`((?<=(?:^|\s)--?[A-Za-z0-9_-]{0,40})(?:${KEYWORD})[A-Za-z0-9_-]{0,40}[ \t]{1,4})(?!-)(${VALUE})`,
      "gim",
    ),
    (_, head = "", value = "") => head + maskValue(value),
  ],
  [/((?<=\s)(?:-u|--user)[ =][^\s:"']{1,100}:)[^\s"']+/g, (_, head = "") => head + MASK],
  [/(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g, () => MASK],
  [/(?<![A-Z0-9])(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}(?![A-Z0-9])/g, () => MASK],
  [/(?<![A-Za-z0-9])(?:gh[pousr]_|github_pat_|npm_|dckr_pat_|hv[sbr]\.|AIza)[A-Za-z0-9_-]{20,}/g, () => MASK],
  [/(?<![A-Za-z0-9])(?:gl[a-z]{2,6}-|xox[a-z]-|xapp-|sk-)[A-Za-z0-9_-]{16,}/g, () => MASK],
  [/(?<![A-Za-z0-9])[rs]k_(?:live|test)_[A-Za-z0-9]{10,}/g, () => MASK],
  [/(hooks\.slack\.com\/services\/)[A-Za-z0-9_/-]+/g, (_, head = "") => head + MASK],
];

/** Keeps the quotes, so that JSON stays readable. */
function maskValue(value: string): string {
  const [quote = ""] = OPENING_QUOTE.exec(value) ?? [];
  return value.length === quote.length ? value : quote + MASK;
}

function maskKnown(text: string, known: readonly string[]): string {
  const values = new Set(
    known
      .flatMap((value) => [...value.split(/\r?\n/), JSON.stringify(value).slice(1, -1)])
      .map((value) => value.trim())
      .filter((value) => value.length >= SHORTEST_KNOWN && !MASK.includes(value) && !value.includes(MASK)),
  );
  return [...values]
    .sort((a, b) => b.length - a.length)
    .reduce((masked, value) => masked.replaceAll(value, () => MASK), text);
}

/** `scheme://user:password@host`, also with `@` or `/` in the password, and `scheme://long-token@host`. */
function maskUserInfo(run: string): string {
  const end = run.lastIndexOf("@");
  for (
    let scheme = run.indexOf("://");
    scheme !== -1 && scheme < end;
    scheme = run.indexOf("://", scheme + 3)
  ) {
    const start = scheme + 3;
    const rest = run.slice(start, Math.min(end, start + LONGEST_USER));
    const user = /^[^/?#:@]*:/.exec(rest)?.[0];
    if (user !== undefined && !/^\d{1,5}(?:\/|$)/.test(rest.slice(user.length))) {
      return run.slice(0, start) + user + MASK + run.slice(end);
    }
    const token = /^[^/?#:@]{16,}/.exec(rest)?.[0];
    if (token !== undefined && (run[start + token.length] === "@" || token.length === LONGEST_USER)) {
      return run.slice(0, start) + MASK + run.slice(end);
    }
  }
  return run;
}

const LONGEST_USER = 256;

/** The shape of a secret access key of AWS: 40 characters with both cases and digits, which no hash in hex has. */
function maskRawKey(run: string): string {
  return /^[A-Za-z0-9+/]{40}$/.test(run) && /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run)
    ? MASK
    : run;
}

const BEGIN = /-----BEGIN [A-Z0-9 ]{1,40}-----/;
const END = /-----END [A-Z0-9 ]{1,40}-----/;
const ENDS = new RegExp(END, "g");
/** A key of 16,384 bits has about 200 lines. */
const MOST_BLOCK_LINES = 250;

/** PEM blocks, also when the text begins or ends within one. */
function maskKeyBlocks(text: string): string {
  if (!text.includes("-----")) return text;
  const lines = text.split("\n");
  const ends = nextEnds(lines);
  for (let i = 0; i < lines.length; i++) {
    const line = maskBodyBefore(lines, i);
    const begin = BEGIN.exec(line);
    if (begin === null) continue;
    const head = line.slice(0, begin.index + begin[0].length);
    const rest = line.slice(head.length);
    const lastEnd = [...rest.matchAll(ENDS)].at(-1);
    if (lastEnd !== undefined) {
      const tail = rest.slice(lastEnd.index + lastEnd[0].length);
      lines[i] = head + MASK + lastEnd[0] + (BEGIN.test(tail) ? MASK : tail);
      continue;
    }
    if (rest.trim() !== "") lines[i] = head + MASK;
    const end = ends[i + 1];
    const closed = end !== undefined && end - i <= MOST_BLOCK_LINES;
    for (i++; i < lines.length && (closed ? i < end : isKeyBody(lines[i])); i++) lines[i] = MASK;
    i -= 1;
  }
  return lines.join("\n");
}

/** For each line the number of the first line from there on that ends a block. */
function nextEnds(lines: readonly string[]): (number | undefined)[] {
  const ends: (number | undefined)[] = Array.from({ length: lines.length + 1 });
  for (let i = lines.length - 1; i >= 0; i--) ends[i] = END.test(lines[i] ?? "") ? i : ends[i + 1];
  return ends;
}

/** Where a line ends a block that began on an earlier one; returns the line as it is then. */
function maskBodyBefore(lines: string[], at: number): string {
  const line = lines[at] ?? "";
  const end = END.exec(line);
  if (end === null || (BEGIN.exec(line)?.index ?? Infinity) < end.index) return line;
  for (let i = at - 1; i >= 0 && isKeyBody(lines[i]); i--) lines[i] = MASK;
  const masked = line.slice(0, end.index).trim() === "" ? line : MASK + line.slice(end.index);
  lines[at] = masked;
  return masked;
}

function isKeyBody(line: string | undefined): boolean {
  return line !== undefined && /^\s*[A-Za-z0-9+/]{8,}={0,2}\s*$/.test(line);
}
