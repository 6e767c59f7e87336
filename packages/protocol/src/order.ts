/**
 * What an operator orders one host to do, once: signed by a policy key, handed on by the collector, which can neither
 * make one nor change it. The host tells what became of it in entries of kind `order-progress`.
 */
import { canonicalJson } from "@shipkeeper/kit";
import { hostIdSchema, instantSchema, volumeNameSchema } from "@shipkeeper/model";
import { datasetIdSchema } from "@shipkeeper/policy";
import * as z from "zod";
import { publicKeySchema, signatureSchema } from "./enrolment.ts";

/** An order may be this large at most, before anything of it is read. */
export const MOST_ORDER_BYTES = 16 * 2 ** 10;
/** So long an order may wait for its host. */
export const LONGEST_ORDER_MS = 7 * 86_400_000;
/** That a collector hands out at once. */
export const MOST_ORDERS = 10;
/** Of what is said of an order, in characters. */
export const MOST_ORDER_SAID = 2_000;

/** `restorePoint`, or the newest of `dataset` that is not after `at`; `into` a new volume, or over what is there. */
export const restoreOrderSchema = z
  .strictObject({
    kind: z.literal("restore"),
    /** Its id or the beginning of it. */
    restorePoint: z
      .string()
      .regex(/^[0-9a-f]{4,64}$/)
      .optional(),
    dataset: datasetIdSchema.optional(),
    at: instantSchema.optional(),
    /** Whose dataset it is; any host's where absent. */
    sourceHostId: hostIdSchema.optional(),
    /** Any that the host knows where absent. */
    repository: z.string().max(200).optional(),
    into: volumeNameSchema.optional(),
    inPlace: z.literal(true).optional(),
    /** Paths below the dataset's folder; everything where absent. */
    files: z.array(z.string().min(1).max(4_096)).min(1).max(100).optional(),
  })
  .refine(({ restorePoint, dataset }) => (restorePoint === undefined) !== (dataset === undefined), {
    message: "expected either `restorePoint` or `dataset`",
  })
  .refine(({ into, inPlace }) => (into === undefined) !== (inPlace === undefined), {
    message: "expected either `into` or `inPlace`",
  })
  .refine(({ inPlace, files }) => inPlace === undefined || files === undefined, {
    message: "`files` goes with `into`",
  });
export type RestoreOrder = z.infer<typeof restoreOrderSchema>;

/** Rebuilds a lost host on the one that is ordered. It carries no secret: a recovery key is on the host, or nowhere. */
export const recoverOrderSchema = z.strictObject({
  kind: z.literal("recover"),
  /** The lost host. */
  sourceHostId: hostIdSchema,
  /** As the host that is ordered names it. */
  repository: z.string().min(1).max(200),
  /** As it was then; as it was last where absent. */
  at: instantSchema.optional(),
  /** Only say what would be done. */
  dryRun: z.literal(true).optional(),
});
export type RecoverOrder = z.infer<typeof recoverOrderSchema>;

export const orderedSchema = z.discriminatedUnion("kind", [restoreOrderSchema, recoverOrderSchema]);
export type Ordered = z.infer<typeof orderedSchema>;
export type OrderKind = Ordered["kind"];

export const orderSchema = z.strictObject({
  format: z.literal(1),
  /** Taken once: a host that has taken it never does again. */
  id: z.uuid(),
  hostId: hostIdSchema,
  issuedAt: instantSchema,
  expiresAt: instantSchema,
  what: orderedSchema,
});
export type Order = z.infer<typeof orderSchema>;

export const signedOrderSchema = z.strictObject({
  /** The order's JSON text. */
  payload: z.string().max(MOST_ORDER_BYTES),
  publicKey: publicKeySchema,
  /** Ed25519 over `orderText(payload)`, hex. */
  signature: signatureSchema,
});
export type SignedOrder = z.infer<typeof signedOrderSchema>;

/** What a collector hands to a host that asks. */
export const waitingOrdersSchema = z.array(z.unknown()).max(MOST_ORDERS);

/** What the operator's key signs: the payload, and what it is, so that no other signed text can pass for an order. */
export function orderText(payload: string): string {
  return `shipkeeper-order-v1\n${payload.length}\n${payload}`;
}

export function signOrder(
  order: Order,
  key: { readonly publicKey: string; sign(text: string): string },
): SignedOrder {
  const payload = canonicalJson(orderSchema.parse(order));
  return { payload, publicKey: key.publicKey, signature: key.sign(orderText(payload)) };
}

/** On the answer to a policy poll: so many orders wait for this host at `/agent/v1/orders`. */
export const ORDERS_HEADER = "x-shipkeeper-orders";

export const orderStateSchema = z.enum(["accepted", "refused", "progress", "done", "failed"]);
export type OrderState = z.infer<typeof orderStateSchema>;

export const orderProgressEntrySchema = z.object({
  kind: z.literal("order-progress"),
  at: instantSchema,
  orderId: z.uuid(),
  state: orderStateSchema,
  /** How far it is, or why it was refused or failed. */
  message: z.string().max(MOST_ORDER_SAID),
});
