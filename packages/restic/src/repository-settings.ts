/** How the configuration says what a backup repository is. */
import { parseBytes } from "@shipkeeper/kit";
import * as z from "zod";
import type { Repository } from "./repository.ts";

const absolutePath = z.string().startsWith("/", "expected an absolute path");

const BACK_ENDS = ["sftp", "rest", "s3", "rclone", "azure", "b2", "gs", "swift"];
const URL_WORDS =
  "expected a folder such as /srv/backups, or sftp:, rest:, s3:, rclone: and what restic writes after it";

const repositoryUrl = z
  .string()
  .transform((url) => (url.startsWith("local:") ? url.slice("local:".length) : url))
  .refine((url) => url.startsWith("/") || BACK_ENDS.some((name) => url.startsWith(`${name}:`)), URL_WORDS);

const RATE_WORDS = "expected bytes a second such as 5MB, at least 1KiB";
const uploadRate = z.string(RATE_WORDS).transform((text, context) => {
  const bytes = parseBytes(text.replace(/\/s$/, ""));
  if (bytes !== undefined && bytes >= 1_024) return bytes;
  context.issues.push({ code: "custom", message: RATE_WORDS, input: text });
  return z.NEVER;
});

/** One of `repositories`, without its name. */
export const repositorySchema = z
  .strictObject({
    url: repositoryUrl,
    passwordFile: absolutePath.optional(),
    passwordCredential: z
      .string()
      .regex(/^[\w.-]{1,128}$/, "expected the name of a credential")
      .optional(),
    environmentFile: absolutePath.optional(),
    appendOnly: z.boolean().default(false),
    offsite: z.boolean().optional(),
    sftpCommand: z.string().min(1).optional(),
    caFile: absolutePath.optional(),
    limitUpload: uploadRate.optional(),
    costPerGb: z.number().min(0).optional(),
  })
  .refine(
    ({ passwordFile, passwordCredential }) =>
      (passwordFile === undefined) !== (passwordCredential === undefined),
    "it needs either `passwordFile` or `passwordCredential`",
  )
  .refine(({ url, sftpCommand }) => sftpCommand === undefined || url.startsWith("sftp:"), {
    path: ["sftpCommand"],
    message: "is for sftp: repositories only",
  })
  .transform(({ limitUpload, ...rest }): Omit<Repository, "name"> => ({
    ...rest,
    limitUploadBytesPerS: limitUpload,
  }));
