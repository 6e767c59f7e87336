import { onTestFinished } from "vitest";
import { keepHost } from "./keep-host.ts";

/** `keepHost` for the length of the present test: it ends, and its folder is removed, also when the test fails. */
export async function keepHostInTest(...args: Parameters<typeof keepHost>): ReturnType<typeof keepHost> {
  const agent = await keepHost(...args);
  onTestFinished(() => agent.stop());
  return agent;
}
