import { waitUntil } from "@shipkeeper/lab";
import { hostIdSchema, volumeNameSchema } from "@shipkeeper/model";
import { orderText, signOrder, type Order, type SignedOrder } from "@shipkeeper/protocol";
import { createSigningKey, keyFingerprint, silentLog } from "@shipkeeper/runtime";
import { expect, test } from "vitest";
import { openLedger } from "../ledger/ledger.ts";
import { RestoreRefused } from "../restore/refused.ts";
import type { Performers } from "./performers.ts";
import { takeOrders } from "./take-orders.ts";

const NOW = Date.parse("2030-01-31T02:00:00Z");
const HOST = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000001");
const OTHER = hostIdSchema.parse("5d0c1f0e-0000-4000-8000-000000000002");
const operator = createSigningKey();

let made = 0;
const order = (fields: Partial<Order> = {}): Order => ({
  format: 1,
  id: `00000000-0000-4000-8000-${String((made += 1)).padStart(12, "0")}`,
  hostId: HOST,
  issuedAt: NOW,
  expiresAt: NOW + 3_600_000,
  what: { kind: "restore", restorePoint: "4fe1a2b3", into: volumeNameSchema.parse("shop-restored") },
  ...fields,
});

/** An agent whose collector answers with these, whatever they are. */
function world(answer: unknown[], perform: Performers["restore"] = async () => "volume is restored") {
  const told: string[] = [];
  const performed: string[] = [];
  const ledger = openLedger(":memory:", () => NOW);
  const start = () => {
    let asked = 0;
    const orders = takeOrders({
      client: () => ({
        call: async () => {
          asked += 1;
          return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) };
        },
      }),
      policyKeys: () => [keyFingerprint(operator.publicKey)],
      hostId: () => HOST,
      taken: ledger.takenOrders,
      performers: {
        restore: (what, context) => {
          performed.push(context.orderId);
          return perform(what, context);
        },
        recover: async ({ repository }, { orderId }) => {
          performed.push(orderId);
          return `rebuilt from ${repository}`;
        },
      },
      record: ({ state, message }) => void told.push(`${state}: ${message}`),
      trouble: (code, message) => void told.push(`${code}: ${message}`),
      clock: () => NOW,
      log: silentLog,
    });
    const asks = (times: number) =>
      waitUntil(
        () => {
          orders.nudge();
          return asked >= times;
        },
        { what: `${times} questions`, deadlineMs: 5_000, everyMs: 1 },
      );
    return { orders, asks };
  };
  return { told, performed, ledger, start };
}

/** So often asked, that everything was looked at twice at least. */
async function run(answer: unknown[], perform?: Performers["restore"]) {
  const { told, performed, start } = world(answer, perform);
  const { orders, asks } = start();
  await asks(3);
  await orders.stop();
  return { told, performed };
}

test("a signed order is performed once, however often it is handed out, and its end is told", async () => {
  const { told, performed } = await run([signOrder(order(), operator)]);

  expect(performed).toHaveLength(1);
  expect(told).toEqual(["accepted: to restore", "done: volume is restored"]);
});

test("an order to recover is performed by who recovers, and one that carries more than it may is refused", async () => {
  const what = { kind: "recover", sourceHostId: OTHER, repository: "offsite" } as const;
  const { format: _, ...rest } = order({ what });
  const payload = JSON.stringify({ format: 1, ...rest, what: { ...what, recoveryKey: "secret" } });
  const signed = { payload, publicKey: operator.publicKey, signature: operator.sign(orderText(payload)) };

  const done = await run([signOrder(order({ what }), operator)]);
  const refused = await run([signed]);

  expect(done.told).toEqual(["accepted: to recover", "done: rebuilt from offsite"]);
  expect(refused.performed).toEqual([]);
  expect(refused.told).toEqual([expect.stringMatching(/^order_refused: .*cannot be read/)]);
});

const changed = (signed: SignedOrder): SignedOrder => ({
  ...signed,
  payload: signed.payload.replace("shop-restored", "shop-attacked"),
});

test.for<[why: string, raw: unknown]>([
  ["is not trusted", signOrder(order(), createSigningKey())],
  ["changed after it was signed", changed(signOrder(order(), operator))],
  ["is for host", signOrder(order({ hostId: OTHER }), operator)],
  ["time is over", signOrder(order({ expiresAt: NOW }), operator)],
  ["is of 2030", signOrder(order({ issuedAt: NOW + 600_000 }), operator)],
  ["lives for longer", signOrder(order({ expiresAt: NOW + 8 * 86_400_000 }), operator)],
  ["no signed order", { payload: "{}", publicKey: "", signature: "" }],
  ["no signed order", "restore everything"],
])("an order that %s makes no host do anything, and is told once", async ([why, raw]) => {
  const { told, performed } = await run([raw]);

  expect(performed).toEqual([]);
  expect(told).toEqual([expect.stringMatching(new RegExp(`^order_refused: .*${why}`))]);
});

test("what must not be is refused, what fails is told with its cause", async () => {
  const refusing = async () => {
    throw new RestoreRefused("volume shop exists");
  };
  const failing = async () => {
    throw new Error("cannot restore", { cause: new Error("the disk is gone") });
  };

  const refused = await run([signOrder(order(), operator)], refusing);
  const failed = await run([signOrder(order(), operator)], failing);

  expect(refused.told.at(-1)).toBe("refused: volume shop exists");
  expect(failed.told.at(-1)).toBe("failed: cannot restore: the disk is gone");
});

test("an order that a crash cut off is not begun again", async () => {
  const signed = signOrder(order(), operator);
  const { told, performed, ledger, start } = world([signed]);
  ledger.takenOrders.take((JSON.parse(signed.payload) as Order).id, NOW - 1);

  const { orders, asks } = start();
  await asks(3);
  await orders.stop();

  expect(performed).toEqual([]);
  expect(told).toEqual([expect.stringMatching(/^failed: the agent ended while it was under way/)]);
});
