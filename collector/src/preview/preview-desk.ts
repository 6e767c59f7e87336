/** Takes previews one at a time: each may keep a processor busy for seconds, and agents must not wait for people. */
import { OperationalError, SECOND_MS, type Clock } from "@shipkeeper/kit";
import type { PolicyPreview } from "@shipkeeper/protocol";
import type { Store } from "../store/store.ts";
import { previewFleet, type Previewing } from "./preview-fleet.ts";

export class TooManyPreviews extends OperationalError {
  override readonly name = "TooManyPreviews";
  readonly code = "too_many_previews";
  readonly retryable = true;
}

export interface PreviewDesk {
  /** Throws `TooManyPreviews` at once, or `PreviewGivenUp` after the deadline or when the signal says so. */
  preview(asked: Omit<Previewing, "now">): Promise<PolicyPreview>;
  /** Gives up what runs and what waits. */
  close(): void;
}

/** One that runs, and those that wait for it. */
const MOST_AT_ONCE = 4;
const DEADLINE_MS = 45 * SECOND_MS;

export function openPreviewDesk({ store, now }: { store: Store; now: Clock }): PreviewDesk {
  const closed = new AbortController();
  let taken = 0;
  let last: Promise<unknown> = Promise.resolve();

  return {
    async preview(asked) {
      if (taken >= MOST_AT_ONCE) {
        throw new TooManyPreviews(`${taken} previews are under way already; try again when they are done`);
      }
      const signal = AbortSignal.any([asked.signal, closed.signal, AbortSignal.timeout(DEADLINE_MS)]);
      const mine = last.then(() => previewFleet(store, { ...asked, signal, now: now() }));
      last = mine.catch(() => undefined);
      taken += 1;
      return mine.finally(() => (taken -= 1));
    },
    close: () => closed.abort(),
  };
}
