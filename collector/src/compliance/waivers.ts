import { isDeepStrictEqual } from "node:util";
import { DAY_MS, type Instant } from "@shipkeeper/kit";
import type { ApiWaiver } from "@shipkeeper/protocol";
import type { Store } from "../store/store.ts";

/** Every waiver of the policies in force, the one that ends first at the top. */
export async function listWaivers(
  { policies, findings }: Pick<Store, "policies" | "findings">,
  now: Instant,
): Promise<ApiWaiver[]> {
  const waived = await findings.countWaived(now);
  const inForce = policies.inForce()?.bundle.policies ?? [];
  return inForce
    .flatMap(({ name, waivers }) =>
      waivers.map(({ finding, ...waiver }): ApiWaiver => {
        const isMine = (row: (typeof waived)[number]) =>
          row.policy === name && row.check === finding && isDeepStrictEqual(row.waiver, waiver);
        return {
          policy: name,
          finding,
          ...waiver,
          daysLeft: Math.max(0, Math.floor((waiver.until - now) / DAY_MS)),
          ended: waiver.until <= now,
          waives: waived.find(isMine)?.count ?? 0,
        };
      }),
    )
    .sort((a, b) => a.until - b.until);
}
