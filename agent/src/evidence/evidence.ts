/**
 * Evidence of what went wrong with containers: gathered all the time, written down before a restart takes it away and
 * whenever a container ends that nobody had ordered to. It changes nothing on the host, and delays healing by three
 * seconds at most.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "@shipkeeper/kit";
import type { EngineEvent, EngineReader, Sweep } from "@shipkeeper/docker";
import type { Container, Inventory, RunId } from "@shipkeeper/model";
import type { Incident, Signals, Verdict } from "@shipkeeper/policy";
import type { EntryOf, PostMortem } from "@shipkeeper/protocol";
import type { Logger, Service } from "@shipkeeper/runtime";
import { capture, subjectOf, type Occasion, type Subject } from "./capture.ts";
import { eventRing } from "./event-ring.ts";
import { usageRing } from "./usage-ring.ts";
import { watchExits, type WatchExitsOptions } from "./watch-exits.ts";

export interface EvidenceOptions {
  readonly engine: EngineReader;
  readonly observer: {
    current(): Inventory | undefined;
    follow(follower: { take(event: EngineEvent): void }): () => void;
  };
  readonly signals: () => Pick<Signals, "deaths" | "load">;
  /** The incident that a container is part of now. */
  readonly incidentOf: (containerId: string) => Pick<Incident, "id"> | undefined;
  readonly logLines: () => number;
  readonly tell: (entry: EntryOf<"post-mortem">) => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly pause?: WatchExitsOptions["pause"];
  readonly deadlineMs?: number;
}

export interface EvidenceKeeper extends Service {
  takeSweep(sweep: Pick<Sweep, "at" | "readings">): void;
  /** On its way to the collector when it resolves. Never throws: healing goes on without it. */
  beforeHeal(container: Container, why: { runId: RunId; sign?: string | undefined }): Promise<void>;
}

/** After what tells of deaths follows the observer: an event's meaning is asked for as it comes. */
export function keepEvidence(options: EvidenceOptions): EvidenceKeeper {
  const { engine, observer, signals, clock, log } = options;
  const usage = usageRing();
  const events = eventRing();
  const load = () => signals().load;

  const gather = (subject: Subject, occasion: Occasion): Promise<PostMortem> => {
    const incidentId = options.incidentOf(subject.id)?.id;
    return capture(subject, { ...occasion, incidentId }, { ...options, engine, usage, events, load });
  };
  const tell = (postMortem: PostMortem) => options.tell({ kind: "post-mortem", ...postMortem });

  const exits = watchExits({
    deathOf: (id, at) =>
      signals()
        .deaths.get(id)
        ?.find((death) => death.at === at),
    subjectOf: (id) => {
      const container = observer.current()?.containers.find((one) => one.id === id);
      return container && subjectOf(container);
    },
    capture: gather,
    tell,
    clock,
    pause: options.pause ?? ((ms, { signal }) => sleep(ms, undefined, { signal })),
  });
  const unfollow = observer.follow({
    take(event) {
      events.take(event);
      exits.take(event);
    },
  });

  return {
    name: "evidence",
    takeSweep: (sweep) => usage.take(sweep),
    async beforeHeal(container, { runId, sign }) {
      try {
        // A look right before a step does not know the owner, which comes from the policy.
        const known = observer.current()?.containers.find(({ id }) => id === container.id);
        const subject = { ...subjectOf(container), owner: container.owner ?? known?.owner };
        tell(await gather(subject, { trigger: "before-heal", runId, sign }));
      } catch (error) {
        log.warn({ error, container: container.name }, "no post-mortem could be taken before healing");
      }
    },
    async stop() {
      unfollow();
      await exits.stop();
    },
  };
}

/** The diagnosis that a verdict goes by. */
export function signIn({ reason }: Verdict): string | undefined {
  const { sign } = reason;
  return typeof sign === "string" ? sign : undefined;
}
