import { runContainer, waitUntil } from "@shipkeeper/lab";
import { expect, test } from "vitest";
import { keepHostInTest } from "./agent-lab/keep-host-in-test.ts";
import { oneHost } from "./agent-lab/one-host.ts";

const policy = `
policy: lab
hosts: { environment: lab }
rules:
  - restart: unhealthy
    mode: enforce
    after: 1s
    budget: { restarts: 1, per: 30m }
`;

const lab = oneHost("restart");

test(
  "heals what a restart heals, and hands over to people what it does not",
  { timeout: 120_000 },
  async () => {
    const well = await runContainer(lab.host, {
      image: "acme/app:1",
      name: "well",
      behaves: { kind: "healthy" },
    });
    const stuck = await runContainer(lab.host, {
      image: "acme/app:1",
      name: "stuck",
      behaves: { kind: "mends-on-restart" },
      healthIntervalMs: 200,
    });
    const hopeless = await runContainer(lab.host, {
      image: "acme/app:1",
      name: "hopeless",
      behaves: { kind: "never-healthy" },
      healthIntervalMs: 200,
    });
    const startOf = async ({ handle }: typeof well) => (await handle.inspect()).State.StartedAt;
    const before = { well: await startOf(well), hopeless: await startOf(hopeless) };

    const agent = await keepHostInTest(lab.host, { policy });
    const healed = await waitUntil(
      () =>
        agent.ledger.restarts
          .all()
          .get("name:stuck")
          ?.find(({ result }) => result === "healed"),
      {
        what: "the stuck container to be healed",
        deadlineMs: 30_000,
      },
    );
    const gaveUp = await waitUntil(() => agent.ofKind("event").find(({ what }) => what === "gave-up"), {
      what: "the hopeless container to be given up",
      deadlineMs: 90_000, // its only try is given the time that its health check needs, and half a minute on top
    });
    await agent.stop();

    expect(healed.result).toBe("healed");
    expect(await stuck.health()).toBe("healthy");
    expect(gaveUp.subject?.name).toBe("hopeless");
    expect(await startOf(well)).toBe(before.well);
    expect(await startOf(hopeless)).not.toBe(before.hopeless);
    const restarted = agent.ofKind("run-finished").flatMap(({ outcome }) => outcome.steps);
    expect(restarted.map(({ target }) => target.name).sort()).toEqual(["hopeless", "stuck"]);
  },
);
