/** Shell completion, made from the commands themselves so that it cannot fall behind them. */
import { Argument, type Command } from "commander";
import type { Surroundings } from "../surroundings.ts";

const SHELLS = ["bash", "zsh", "fish"] as const;
type Shell = (typeof SHELLS)[number];

export function addCompletionCommand(program: Command, { out }: Surroundings): void {
  program
    .command("completion")
    .description("print a completion script; e.g. source <(shipkeeper completion bash)")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action((shell: Shell) => {
      out.write(SCRIPTS[shell](wordsByPath(program)));
    });
}

/** `"policy push"` → the words that may follow it: commands and options. */
function wordsByPath(command: Command, path: readonly string[] = []): [path: string, words: string][] {
  const commands = command.commands.map((child) => child.name());
  const options = command.options
    .map((option) => option.long)
    .filter((long) => long !== null && long !== undefined);
  return [
    [path.join(" "), [...commands, ...options].join(" ")],
    ...command.commands.flatMap((child) => wordsByPath(child, [...path, child.name()])),
  ];
}

const SCRIPTS: Record<Shell, (words: [string, string][]) => string> = {
  bash: (words) => `_shipkeeper() {
  local path="" word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] || path="\${path:+$path }$word"
  done
  local words
  case "$path" in
${words.map(([path, list]) => `    ${JSON.stringify(path)}) words="${list}" ;;`).join("\n")}
    *) words="" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _shipkeeper shipkeeper
`,
  zsh: (words) => `#compdef shipkeeper
autoload -U +X bashcompinit && bashcompinit
${SCRIPTS.bash(words)}`,
  fish: (words) =>
    words
      .flatMap(([path, list]) => list.split(" ").map((word) => fishLine(path, word)))
      .concat("")
      .join("\n"),
};

function fishLine(path: string, word: string): string {
  const parts = path === "" ? [] : path.split(" ");
  const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`).join("; and ");
  const when = seen === "" ? "__fish_use_subcommand" : seen;
  const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${word}`;
  return `complete -c shipkeeper -n ${JSON.stringify(when)} ${what}`;
}
