/** Seals policy bundles with an operator's key, and opens them only for a host that pinned it. */
import { OperationalError } from "@shipkeeper/kit";
import { policyBundleSchema, type PolicyBundle } from "@shipkeeper/policy";
import { bundleText, signedBundleSchema, type SignedBundle } from "@shipkeeper/protocol";
import { keyFingerprint, verifySignature, type SigningKey } from "./signature.ts";

export class BundleRefused extends OperationalError {
  override readonly name = "BundleRefused";
  readonly code = "bundle_refused";
  readonly retryable = false;
}

export function sealBundle(bundle: PolicyBundle, key: SigningKey): SignedBundle {
  const payload = JSON.stringify(bundle);
  return { payload, publicKey: key.publicKey, signature: key.sign(bundleText(payload)) };
}

/**
 * The bundle, verified first and parsed after (P1). Throws `BundleRefused` where the envelope is malformed, the key
 * is not one of the pinned fingerprints, the signature does not hold, the content is not a bundle, or it introduces
 * keys without the one that signed it.
 */
export function openBundle(raw: unknown, pinnedFingerprints: readonly string[]): PolicyBundle {
  const envelope = signedBundleSchema.safeParse(raw);
  if (!envelope.success)
    throw new BundleRefused("this is not a signed policy bundle", { cause: envelope.error });
  const { payload, publicKey, signature } = envelope.data;
  const fingerprint = keyFingerprint(publicKey);
  if (!pinnedFingerprints.includes(fingerprint)) {
    throw new BundleRefused(
      `the policy bundle is signed with key ${fingerprint.slice(0, 16)}…, which is not trusted here`,
    );
  }
  if (!verifySignature(bundleText(payload), signature, publicKey)) {
    throw new BundleRefused(
      "the policy bundle's signature does not hold: it was changed after it was signed",
    );
  }
  const bundle = parseBundle(payload);
  if (bundle.keys !== undefined && !bundle.keys.includes(fingerprint)) {
    throw new BundleRefused(
      "the policy bundle introduces keys and leaves out the one that it is signed with: nobody could be sure of its successor",
    );
  }
  return bundle;
}

function parseBundle(payload: string): PolicyBundle {
  try {
    return policyBundleSchema.parse(JSON.parse(payload));
  } catch (error) {
    throw new BundleRefused("the policy bundle is signed but cannot be read: it may need a newer version", {
      cause: error,
    });
  }
}
