/** Opens orders only for a host that trusts the key which signed them. */
import { OperationalError } from "@shipkeeper/kit";
import { orderSchema, orderText, signedOrderSchema, type Order } from "@shipkeeper/protocol";
import { keyFingerprint, verifySignature } from "./signature.ts";

export class OrderRefused extends OperationalError {
  override readonly name = "OrderRefused";
  readonly code = "order_refused";
  readonly retryable = false;
}

/**
 * The order, verified first and parsed after. Throws `OrderRefused` where the envelope is malformed, its key is not one of
 * the fingerprints, the signature does not hold, or the content is no order.
 */
export function openOrder(raw: unknown, trustedFingerprints: readonly string[]): Order {
  const envelope = signedOrderSchema.safeParse(raw);
  if (!envelope.success) throw new OrderRefused("this is no signed order", { cause: envelope.error });
  const { payload, publicKey, signature } = envelope.data;
  const fingerprint = keyFingerprint(publicKey);
  if (!trustedFingerprints.includes(fingerprint)) {
    throw new OrderRefused(`the order is signed with key ${fingerprint.slice(0, 16)}…, which is not trusted`);
  }
  if (!verifySignature(orderText(payload), signature, publicKey)) {
    throw new OrderRefused("the order's signature does not hold: it was changed after it was signed");
  }
  try {
    return orderSchema.parse(JSON.parse(payload));
  } catch (error) {
    throw new OrderRefused("the order is signed but cannot be read: it may need a newer version", {
      cause: error,
    });
  }
}
