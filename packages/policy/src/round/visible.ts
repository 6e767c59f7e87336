/**
 * Names come from anybody who can start a container. Line breaks, terminal commands and characters that turn the
 * direction of writing are shown by number, so that no name can forge a line of a log; long ones are cut.
 */
export function visible(text: string, mostCharacters: number): string {
  const shown = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `\\u{${code.toString(16)}}`;
  });
  return shown.length <= mostCharacters ? shown : `${shown.slice(0, mostCharacters - 1)}…`;
}
