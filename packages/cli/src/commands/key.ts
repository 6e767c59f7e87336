import { resolve } from "node:path";
import { OperationalError } from "@shipkeeper/kit";
import { createKeyFile, keyFingerprint, readKeyFile } from "@shipkeeper/runtime";
import type { Command } from "commander";
import type { Surroundings } from "../surroundings.ts";

export class KeyFileExists extends OperationalError {
  override readonly name = "KeyFileExists";
  readonly code = "key_file_exists";
  readonly retryable = false;
}

export function addKeyCommands(program: Command, { out }: Surroundings): void {
  const key = program.command("key").description("keys that sign policies");

  key
    .command("create")
    .description("make a new Ed25519 key; an existing file is never overwritten")
    .argument("[file]", "where to write the private half", "policy-key.pem")
    .action((file: string) => {
      const { publicKey } = createKey(file);
      out.write(`key file     ${resolve(file)} (keep it off the collector, and keep a copy of it)\n`);
      out.write(`public key   ${publicKey}\n`);
      out.write(`fingerprint  ${keyFingerprint(publicKey)}\n`);
    });

  key
    .command("show")
    .description("tell the fingerprint of a key, by which hosts and --keys know it")
    .argument("<file>", "the private half")
    .action((file: string) => {
      const { publicKey } = readKeyFile(file);
      out.write(`public key   ${publicKey}\n`);
      out.write(`fingerprint  ${keyFingerprint(publicKey)}\n`);
    });
}

function createKey(file: string) {
  try {
    return createKeyFile(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") {
      throw new KeyFileExists(`${file} exists; a key is never overwritten, since hosts may trust it`);
    }
    throw error;
  }
}
