import { assert, days } from "@shipkeeper/kit";
import { compileBundle } from "../language/compile.ts";
import { parsePolicy } from "../language/parse-policy.ts";
import type { PolicyBundle } from "../language/policy.ts";
import { NOW } from "./world.ts";

/** Everything that the language lets somebody ask for, with the shortest times and the widest limits. */
const GREEDY = `
policy: greedy
hosts: { environment: "*" }
mode: enforce
rules:
  - prune: everything
    every: 1s
    images: { unusedFor: 1s, minAge: 1s, keepNewest: 0, keepRollback: { generations: 0, within: 1s } }
    containers: { exitedFor: 1s, includeStoppedServices: true }
    volumes: { orphanedFor: 1s, named: ["*"] }
    networks: { unusedFor: 1s }
    buildCache: { unusedFor: 1s }
    limits: { items: 100000, share: 100% }
  - registry: shelves
    every: 1s
    at: main
    host: "web-1"
    repositories: ["*"]
    olderThan: 1s
    keepNewest: 0
    keepUsedWithin: 1s
    untaggedFor: 1s
    limits: { items: 100000, share: 100% }
  - expire: elders
    every: 1s
    all: true
    olderThan: 1s
    announce: 1s
    removeAfter: 1s
    include: [databases, compose, restart-always]
    limits: { items: 100000, perProject: 100000 }
  - restart: everybody
    after: 0s
    recreate: true
    budget: { restarts: 100, per: 1s, again: 1s }
    perHost: { restarts: 1000, per: 1s }
    perImage: { restarts: 1000, per: 1s }
    storm: { share: 100%, least: 10000 }
`;

/** In force from long ago until long after `NOW`. */
export function greedyBundle(): PolicyBundle {
  const { policies, problems } = parsePolicy([{ file: "greedy.yaml", text: GREEDY }], { now: NOW });
  assert(problems.length === 0, "the greedy policy is a policy");
  return compileBundle(policies, { revision: 1, issuedAt: NOW - days(300), expiresAt: NOW + days(9) });
}
