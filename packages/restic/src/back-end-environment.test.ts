import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { environmentOf } from "./back-end-environment.ts";
import type { Repository } from "./repository.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "shipkeeper-back-end-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function secretFile(name: string, content: string, mode = 0o600): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

const repository = (settings: Partial<Repository> = {}): Repository => ({
  name: "offsite",
  url: "s3:https://s3.example/backups",
  passwordFile: secretFile("password", "secret"),
  ...settings,
});

test("a repository's credentials come from its file, and go before what the agent itself was started with", () => {
  const environmentFile = secretFile(
    "offsite.env",
    '# of the backup account\nAWS_ACCESS_KEY_ID=shop\nexport AWS_SECRET_ACCESS_KEY="a=b c"\n',
  );
  const environment = { AWS_ACCESS_KEY_ID: "other", PATH: "/bin", LD_PRELOAD: "/evil.so" };

  const found = environmentOf({ repository: repository({ environmentFile }), environment });

  expect(found).toMatchObject({
    AWS_ACCESS_KEY_ID: "shop",
    AWS_SECRET_ACCESS_KEY: "a=b c",
    PATH: "/bin",
    RESTIC_REPOSITORY: "s3:https://s3.example/backups",
    RESTIC_PASSWORD_FILE: join(folder, "password"),
  });
  expect(found).not.toHaveProperty("LD_PRELOAD");
});

test.for([
  [
    "a name that is no back end's",
    "AWS_REGION=x\nLD_PRELOAD=secret\n",
    0o600,
    /line 2: LD_PRELOAD is no variable/,
  ],
  ["what is no assignment", "secret\n", 0o600, /line 1 is not KEY=VALUE/],
  ["what others can read", "AWS_REGION=secret\n", 0o644, /chmod 600/],
] as const)("a file with %s is refused, and its values are in no message", ([, content, mode, message]) => {
  const environmentFile = secretFile("offsite.env", content, mode);
  const open = () => environmentOf({ repository: repository({ environmentFile }), environment: {} });

  expect(open).toThrow(message);
  expect(open).not.toThrow("secret");
});

test("a password may be a credential that systemd hands over; one that it does not is told of", () => {
  secretFile("offsite-password", "secret");
  const named = repository({ passwordFile: undefined, passwordCredential: "offsite-password" });

  const found = environmentOf({ repository: named, environment: { CREDENTIALS_DIRECTORY: folder } });

  expect(found).toMatchObject({ RESTIC_PASSWORD_FILE: join(folder, "offsite-password") });
  expect(() => environmentOf({ repository: named, environment: {} })).toThrow(
    "no password for repository offsite: systemd handed over no credential offsite-password",
  );
  expect(() =>
    environmentOf({ repository: repository({ passwordFile: join(folder, "gone") }), environment: {} }),
  ).toThrow(`there is no file ${join(folder, "gone")}`);
});

test("two repositories are copied between unless they need different values of one name", () => {
  const one = secretFile("one.env", "AWS_ACCESS_KEY_ID=one\nAWS_REGION=here\n");
  const two = secretFile("two.env", "AWS_ACCESS_KEY_ID=two\nAWS_REGION=here\n");
  const from = { ...repository({ environmentFile: one }), name: "near", url: "s3:https://near/backups" };
  const copy = (environmentFile: string) =>
    environmentOf({ repository: repository({ environmentFile }), from, environment: {} });

  expect(copy(one)).toMatchObject({
    RESTIC_FROM_REPOSITORY: "s3:https://near/backups",
    RESTIC_FROM_PASSWORD_FILE: join(folder, "password"),
  });
  expect(() => copy(two)).toThrow(
    "cannot copy: repositories near and offsite need AWS_ACCESS_KEY_ID of their own each",
  );
});
