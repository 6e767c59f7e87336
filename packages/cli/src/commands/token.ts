import { parseDuration } from "@shipkeeper/kit";
import {
  enrollmentTokenMadeSchema,
  formatEnrollmentToken,
  roleSchema,
  tokenMadeSchema,
  type NewEnrollmentToken,
  type NewToken,
} from "@shipkeeper/protocol";
import { keyFingerprint, readKeyFile } from "@shipkeeper/runtime";
import { InvalidArgumentError, Option, type Command } from "commander";
import { connectApi } from "../api.ts";
import { readContext } from "../context.ts";
import { WrongUsage } from "../exit-codes.ts";
import { printJson } from "../list-command.ts";
import { time } from "../output/words.ts";
import type { Surroundings } from "../surroundings.ts";

interface TokenOptions {
  readonly policyKey?: string;
  readonly label: Record<string, string>;
  readonly api?: string;
  readonly role: NewToken["role"];
  readonly ttl?: string;
  readonly json?: boolean;
}

export function addTokenCommands(program: Command, surroundings: Surroundings): void {
  const token = program.command("token").description("tokens for new hosts and for programs");

  token
    .command("create")
    .description("make a token that enrols one host; with --api one for people and programs")
    .option(
      "--policy-key <file>",
      "the key whose policies the host shall trust (default: the context's policyKey)",
    )
    .option("--label <key=value>", "give the host this label; may be repeated", addLabel, {})
    .addOption(
      new Option("--api <name>", "make an API token with this name").conflicts(["policyKey", "label"]),
    )
    .addOption(new Option("--role <role>", "of the API token").choices(roleSchema.options).default("reader"))
    .option("--ttl <duration>", "how long it can be used, e.g. 15m or 90d", checkDuration)
    .option("--json", "print JSON")
    .action((options: TokenOptions) =>
      options.api === undefined
        ? createEnrollmentToken(surroundings, options)
        : createApiToken(surroundings, { ...options, api: options.api }),
    );
}

/** The collector knows only id and secret; the fingerprint is added here, so that no collector can choose it. */
async function createEnrollmentToken(surroundings: Surroundings, options: TokenOptions): Promise<void> {
  const keyFile = options.policyKey ?? readContext(surroundings).policyKey;
  if (keyFile === undefined) {
    throw new WrongUsage(
      "name the key whose policies the host shall trust: --policy-key FILE, or policyKey: in the context file",
    );
  }
  const policyKeyFingerprint = keyFingerprint(readKeyFile(keyFile).publicKey);
  const request: NewEnrollmentToken = {
    labels: options.label,
    ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
  };
  const { id, secret, expiresAt } = await connectApi(surroundings).post(
    "enrollment-tokens",
    request,
    enrollmentTokenMadeSchema,
  );
  const token = formatEnrollmentToken({ id, secret, policyKeyFingerprint });
  if (options.json === true) return printJson(surroundings, { token, id, expiresAt, policyKeyFingerprint });
  surroundings.out.write(`${token}\n`);
  surroundings.err.write(`enrols one host until ${time(expiresAt)}\n`);
}

async function createApiToken(
  surroundings: Surroundings,
  options: TokenOptions & { api: string },
): Promise<void> {
  const request: NewToken = {
    name: options.api,
    role: options.role,
    ...(options.ttl === undefined ? {} : { ttl: options.ttl }),
  };
  const made = await connectApi(surroundings).post("tokens", request, tokenMadeSchema);
  if (options.json === true) return printJson(surroundings, made);
  surroundings.out.write(`${made.token}\n`);
  const until = made.expiresAt === undefined ? "until it is revoked" : `until ${time(made.expiresAt)}`;
  surroundings.err.write(`${made.role} token, good ${until}; it is shown this once\n`);
}

function addLabel(text: string, labels: Record<string, string>): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("expected key=value");
  return { ...labels, [text.slice(0, at)]: text.slice(at + 1) };
}

function checkDuration(text: string): string {
  if (parseDuration(text) === undefined)
    throw new InvalidArgumentError("expected a duration such as 15m or 90d");
  return text;
}
