import { formatInstant, unreachable } from "@shipkeeper/kit";
import type { RecoveryReason, RecoveryStep } from "./plan-recovery.ts";

/** `take    volume shop-data       from 2030-01-31 01:55Z` */
export function explainRecoveryStep({ kind, name, decision, reason }: RecoveryStep): string {
  return `${decision.padEnd(7)} ${`${kind} ${name}`.padEnd(32)} ${explainReason(reason)}`;
}

function explainReason(reason: RecoveryReason): string {
  switch (reason.why) {
    case "absent":
      return "is not there";
    case "same":
      return "is there and the same";
    case "taken-before":
      return "was made by an earlier attempt";
    case "name-taken":
      return "another one of that name exists: remove or rename it";
    case "not-empty":
      return "the folder is not empty: move away what it holds";
    case "ran":
      return "ran when its configuration was kept";
    case "held":
      return "is there";
    case "saved":
      return "from the repository: no registry has it";
    case "by-digest":
      return "from its registry, by digest";
    case "by-name":
      return "from its registry, by name alone";
    case "restorable":
      return `its data of ${formatInstant(reason.dataAt)}`;
    case "fed-later":
      return `empty, until its database takes its dump of ${formatInstant(reason.dataAt)}`;
    case "dumped":
      return `its dump of ${formatInstant(reason.dataAt)} into ${reason.into}`;
    case "not-saved":
      return "without data";
    case "sealed":
      return `needs what is sealed (${reason.what.join(", ")}): give the recovery key with --recovery-key FILE`;
    default:
      return unreachable(reason);
  }
}
