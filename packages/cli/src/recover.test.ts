import { join } from "node:path";
import { signedOrderSchema, type ApiOrder, type Order } from "@shipkeeper/protocol";
import { createKeyFile, keyFingerprint, openOrder } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { NOW, page, runCommand, temporaryFolder, type Answer } from "./testing/run-command.ts";

const LOST = "0190e0a0-0000-4000-8000-000000000001";
const OTHER = "0190e0a0-0000-4000-8000-000000000002";
const RULED = { id: "ab".repeat(32), dataset: "host:configuration", bytes: 1, files: 1 };
const REPOSITORY = { hostId: LOST, host: "web-1", backEnd: "sftp", appendOnly: false, recoveryKey: true };
const repository = (name: string, offsite: boolean) => ({ ...REPOSITORY, name, offsite });
const kept = (name: string, at: number) => ({
  ...RULED,
  hostId: LOST,
  host: "web-1",
  repository: name,
  at,
});

/** Of two off-site repositories only the second one holds the configuration. */
function world({ says = {}, offsite = true }: { says?: Partial<ApiOrder>; offsite?: boolean } = {}) {
  const file = join(temporaryFolder(), "policy.key");
  const keys = [keyFingerprint(createKeyFile(file).publicKey)];
  const orders: Order[] = [];
  const posted = (): ApiOrder => {
    const [order] = orders;
    if (order === undefined) throw new Error("nothing was posted");
    const { format: _, ...rest } = order;
    return { ...rest, host: "web-2", postedBy: "ann", key: keys[0] ?? "", state: "waiting" };
  };
  const collector = (call: string, body: unknown): Answer => {
    if (call === "GET /api/v1/hosts/web-1") return { body: { id: LOST } };
    if (call === "GET /api/v1/hosts/web-2") return { body: { id: OTHER } };
    if (call.startsWith("GET /api/v1/repositories?"))
      return page(
        repository("local", false),
        repository("offsite-a", offsite),
        repository("offsite-b", offsite),
      );
    if (call.startsWith("GET /api/v1/restore-points?"))
      return page(kept("local", NOW - 60_000), kept("offsite-b", NOW - 120_000));
    if (call === "POST /api/v1/orders") {
      orders.push(openOrder(signedOrderSchema.parse(body), keys));
      return { status: 201, body: posted() };
    }
    return { body: { ...posted(), ...says } };
  };
  const recover = (more: string) => runCommand(`recover web-1 --key ${file} ${more}`.trimEnd(), collector);
  return { orders, recover };
}

test("a recovery is ordered by a signature, from the off-site repository that holds the host, which is told", async () => {
  const { orders, recover } = world();

  const { code, out } = await recover("--onto web-2");

  expect(code).toBe(0);
  expect(orders).toMatchObject([
    { hostId: OTHER, what: { kind: "recover", sourceHostId: LOST, repository: "offsite-b" } },
  ]);
  expect(out).toContain("from repository offsite-b: off-site, and holds the configuration of web-1 of 2030");
  expect(out).toContain(": recover host 0190e0a0 from offsite-b on web-2");
});

test("with --wait the report is printed line by line, and what did not end well ends the command with 1", async () => {
  const message = "host web-1 is rebuilt from repository local\ndata lost at most   2 minutes";
  const line = "--onto web-2 --from local --at 2030-01-31T05:59:30Z --dry-run --wait";
  const whole = world({ says: { state: "done", message } });
  const refused = world({ says: { state: "refused", message: "this host knows no repository local" } });

  const done = await whole.recover(line);
  const failed = await refused.recover(line);

  expect([done.code, failed.code]).toEqual([0, 1]);
  expect(whole.orders[0]?.what).toEqual({
    kind: "recover",
    sourceHostId: LOST,
    repository: "local",
    at: NOW - 30_000,
    dryRun: true,
  });
  expect(done.out).toContain(`done: ${message}\n`);
  expect(failed.err).toBe("the order is refused: this host knows no repository local\n");
});

test("nothing is ordered where no off-site repository is known, none is old enough, or no host is named", async () => {
  const near = world({ offsite: false });
  const far = world();

  const answers = [
    await near.recover("--onto web-2"),
    await far.recover("--onto web-2 --at 2029-01-01T00:00:00Z"),
    await far.recover(""),
  ];

  expect(answers.map(({ code }) => code)).toEqual([2, 2, 2]);
  expect(answers[0]?.err).toContain("but local, offsite-b may: name one with --from");
  expect(answers[1]?.err).toContain("nor any other: name one with --from");
  expect([...near.orders, ...far.orders]).toEqual([]);
});
