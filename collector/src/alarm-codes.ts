/** Codes of troubles that agents tell and that people must hear of at once, and what each asks of them. */
export interface AlarmCode {
  readonly kind: string;
  what(host: string): string;
}

const ALARMS: Readonly<Record<string, AlarmCode>> = {
  policy_refused: {
    kind: "policy-not-trusted",
    what: (host) => `Find out who offered ${host} a policy that it had to refuse`,
  },
  held_policy_refused: {
    kind: "policy-not-trusted",
    what: (host) => `Find out who changed the policy on the disk of ${host}`,
  },
  round_unsound: {
    kind: "round-unsound",
    what: (host) => `Report that ${host} planned what its policy does not allow; nothing of it was done`,
  },
};

export const ALARM_CODES: readonly string[] = Object.keys(ALARMS);

/** Undefined for a trouble that is no alarm. */
export const alarmOf = (code: string): AlarmCode | undefined => ALARMS[code];
