/** Answers a pipeline whether an image may be run, from the policies in force and from what the fleet knows of it. */
import type { Instant } from "@shipkeeper/kit";
import { imageName } from "@shipkeeper/model";
import {
  basesByLabel,
  judgeImage,
  selectsLabels,
  type AskedImage,
  type GateAnswer,
  type Policy,
} from "@shipkeeper/policy";
import type { ApiGate, GateQuery } from "@shipkeeper/protocol";
import type { KnownImage } from "../store/known-images.ts";
import type { Store } from "../store/store.ts";

type Asked = Pick<GateQuery, "image" | "policy" | "labels" | "allowUnknown">;

/** Undefined where a policy is named that is not in force. */
export async function askGate(
  store: Pick<Store, "policies" | "knownImages" | "baseImages">,
  { image: reference, policy, labels, allowUnknown }: Asked,
  now: Instant,
): Promise<ApiGate | undefined> {
  const inForce = store.policies.inForce()?.bundle.policies ?? [];
  if (policy !== undefined && !inForce.some(({ name }) => name === policy)) return undefined;
  const policies = inForce.filter(
    ({ name, hosts }) =>
      (policy === undefined || name === policy) && (labels === undefined || selectsLabels(hosts, labels)),
  );

  const known = await store.knownImages.find(reference);
  const basesUnder = store.baseImages.lookup();
  const toAsked = ({ image, layersKey }: KnownImage): AskedImage => {
    const bases = basesUnder(layersKey);
    return { reference, image, bases: bases.length > 0 ? bases : basesByLabel(image) };
  };
  const [first = { reference, bases: [] }, ...others] = known.map(toAsked);
  const answer = judgeImage(policies, [first, ...others], { now, allowUnknown });
  return {
    image: reference,
    ...answer,
    why: sentence(answer, policies),
    known: known.map(({ image, hosts }) => ({ id: image.id, name: imageName(image), hosts })),
    rules: [...answer.rules],
  };
}

function sentence({ allowed, rules }: GateAnswer, policies: readonly Policy[]): string {
  if (rules.length === 0) {
    return policies.length === 0 ? "no policy is asked" : "no policy that is asked has a rule for images";
  }
  const count = (verdict: string) => rules.filter((rule) => rule.verdict === verdict).length;
  const parts = (["refused", "unknown", "waived", "allowed"] as const)
    .filter((verdict) => count(verdict) > 0)
    .map((verdict) => `${count(verdict)} ${verdict}`);
  return `${allowed ? "allowed" : "refused"}: of ${rules.length} ${rules.length === 1 ? "rule" : "rules"} ${parts.join(", ")}`;
}
