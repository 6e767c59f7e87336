/** One collector and an agent on every host of a fleet, set up as an operator would: by the product's own commands. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "@shipkeeper/kit";
import { httpRequest } from "@shipkeeper/runtime";
import type { LabHost } from "../fleet/lab-host.ts";
import type { Fleet } from "../fleet/start-fleet.ts";
import { freePort } from "../free-port.ts";
import { waitUntil } from "../wait-until.ts";
import { PROGRAMS, runToEnd, startProgram, type RunningProgram } from "./programs.ts";

export interface SpineOptions {
  readonly fleet: Fleet;
  /** Holds configurations, state and logs; the caller removes it. */
  readonly folder: string;
  /** Where the collector listens; a free port of the fleet's gateway unless said otherwise. */
  readonly listen?: { readonly address: string; readonly port: number };
  readonly labelsOf?: (host: LabHost) => Readonly<Record<string, string>>;
  /** More keys of the collector's configuration. */
  readonly collector?: Readonly<Record<string, unknown>>;
  /** More keys of every agent's configuration. */
  readonly agent?: Readonly<Record<string, unknown>>;
  /** Repositories that every agent knows beside its own local one. */
  readonly repositories?: Readonly<Record<string, unknown>>;
}

export interface AgentOnHost {
  readonly host: LabHost;
  readonly stateDir: string;
  readonly configFile: string;
  readonly logFile: string;
  /** The local restic repository that the host's configuration names `local`. */
  readonly repository: { readonly url: string; readonly passwordFile: string };
  program: RunningProgram;
  /** Starts it again after it was stopped or killed. */
  start(): void;
}

export interface Spine {
  readonly url: string;
  readonly adminToken: string;
  readonly policyKey: string;
  readonly agents: readonly AgentOnHost[];
  collector: RunningProgram;
  startCollector(): Promise<void>;
  /** The agent of the host that is called so. */
  agent(hostName: string): AgentOnHost;
  /** Makes a token, writes the configuration and starts the agent. `through` is the collector's address for it. */
  addAgent(host: LabHost, through?: string): Promise<AgentOnHost>;
  /** The operator's command; throws with its own words where it fails. */
  shipkeeper(...args: readonly string[]): Promise<string>;
  /** A read of the API as JSON. */
  read(path: string): Promise<unknown>;
  pushPolicy(folder: string): Promise<void>;
  /** Throws, with the end of its log, where one of the programs ended by itself. */
  assertRunning(): void;
  stop(): Promise<void>;
}

const READY_DEADLINE_MS = 30_000;

export async function startSpine(options: SpineOptions): Promise<Spine> {
  const { fleet, folder } = options;
  const listen = options.listen ?? { address: fleet.gateway, port: await freePort(fleet.gateway) };
  const url = `http://${listen.address === "0.0.0.0" ? fleet.gateway : listen.address}:${listen.port}`;
  const dataDir = join(folder, "collector");
  mkdirSync(dataDir, { recursive: true });
  const configFile = join(folder, "collector.yaml");
  writeJson(configFile, {
    listen: `${listen.address}:${listen.port}`,
    publicUrl: url,
    dataDir,
    ...options.collector,
  });

  const startCollector = async () => {
    const program = startProgram({
      name: "collector",
      script: PROGRAMS.collector,
      args: ["--config", configFile],
      logFile: join(folder, "collector.log"),
    });
    await waitUntil(() => isReady(url, program), {
      what: "the collector to be ready",
      deadlineMs: READY_DEADLINE_MS,
    });
    return program;
  };
  const first = await startCollector();
  const adminToken = readFileSync(join(dataDir, "admin.token"), "utf8").trim();
  const operator = { SHIPKEEPER_URL: url, SHIPKEEPER_TOKEN: adminToken };
  const policyKey = join(folder, "policy.key");
  const agents: AgentOnHost[] = [];

  const spine: Spine = {
    url,
    adminToken,
    policyKey,
    agents,
    collector: first,
    agent(hostName) {
      const found = agents.find(({ host }) => host.name === hostName);
      assert(found, `there is no agent on ${hostName}`);
      return found;
    },
    async startCollector() {
      spine.collector = await startCollector();
    },
    async addAgent(host, through = url) {
      const printed = await spine.shipkeeper("token", "create", "--policy-key", policyKey, "--json");
      const token = tokenIn(printed);
      const agent = agentOn(host, { ...options, through, token });
      agents.push(agent);
      return agent;
    },
    async shipkeeper(...args) {
      const { exitCode, out, error } = await runToEnd(PROGRAMS.shipkeeper, args, operator);
      if (exitCode === 0) return out;
      throw new Error(`shipkeeper ${args.join(" ")} ended with ${exitCode}: ${error.trim()}`);
    },
    async read(path) {
      const headers = { authorization: `Bearer ${adminToken}` };
      const answer = await httpRequest({ url: new URL(path, url), headers, deadlineMs: 30_000 });
      if (answer.status !== 200)
        throw new Error(`GET ${path} answered ${answer.status}: ${answer.body.toString()}`);
      return JSON.parse(answer.body.toString());
    },
    async pushPolicy(policies) {
      await spine.shipkeeper("policy", "push", policies, "--key", policyKey);
    },
    assertRunning() {
      for (const program of [spine.collector, ...agents.map((agent) => agent.program)])
        program.assertRunning();
    },
    async stop() {
      await Promise.all(agents.map((agent) => agent.program.stop()));
      await spine.collector.stop();
    },
  };
  await spine.shipkeeper("key", "create", policyKey);
  return spine;
}

async function isReady(url: string, program: RunningProgram): Promise<boolean> {
  program.assertRunning();
  const answer = await httpRequest({ url: new URL("/health/ready", url), deadlineMs: 2_000 }).catch(
    () => undefined,
  );
  return answer?.status === 200;
}

function agentOn(host: LabHost, options: SpineOptions & { through: string; token: string }): AgentOnHost {
  const home = join(options.folder, host.name);
  const stateDir = join(home, "state");
  mkdirSync(stateDir, { recursive: true });
  const repository = { url: join(home, "repository"), passwordFile: join(home, "repository.password") };
  writeFileSync(repository.passwordFile, `password of ${host.name}\n`, { mode: 0o600 });
  const configFile = join(home, "agent.yaml");
  writeJson(configFile, {
    collector: options.through,
    enrollmentToken: options.token,
    stateDir,
    docker: host.socketPath,
    guardrails: join(home, "guardrails.yaml"),
    labels: options.labelsOf?.(host) ?? {},
    repositories: { local: repository, ...options.repositories },
    ...options.agent,
  });

  const logFile = join(home, "agent.log");
  const start = () =>
    startProgram({
      name: `agent on ${host.name}`,
      script: PROGRAMS.agent,
      args: ["--config", configFile],
      logFile,
      spawnWith: (command, args, spawnOptions) => host.spawnInside(command, args, spawnOptions),
    });
  const agent: AgentOnHost = {
    host,
    stateDir,
    configFile,
    logFile,
    repository,
    program: start(),
    start() {
      agent.program = start();
    },
  };
  return agent;
}

/** JSON is YAML. */
function writeJson(file: string, value: unknown): void {
  writeFileSync(file, JSON.stringify(value, undefined, 2), { mode: 0o600 });
}

function tokenIn(printed: string): string {
  const answer: unknown = JSON.parse(printed);
  if (
    typeof answer === "object" &&
    answer !== null &&
    "token" in answer &&
    typeof answer.token === "string"
  ) {
    return answer.token;
  }
  throw new Error(`shipkeeper token create printed no token: ${printed}`);
}
