/** Steps by what the guardrails limit per day. */
export interface StepCounts {
  readonly images: number;
  readonly containers: number;
  readonly volumes: number;
  readonly networks: number;
  readonly restarts: number;
}

export const NO_STEPS: StepCounts = { images: 0, containers: 0, volumes: 0, networks: 0, restarts: 0 };

export function addCounts(a: StepCounts, b: StepCounts): StepCounts {
  return {
    images: a.images + b.images,
    containers: a.containers + b.containers,
    volumes: a.volumes + b.volumes,
    networks: a.networks + b.networks,
    restarts: a.restarts + b.restarts,
  };
}

/** What one rule removed in the last 24 hours, or may have. */
export interface RuleDay {
  readonly items: number;
  /** As estimated when it was planned. */
  readonly bytes: number;
}

export const NOTHING_TODAY: RuleDay = { items: 0, bytes: 0 };
