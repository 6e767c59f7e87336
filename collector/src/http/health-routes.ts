import type { FastifyPluginAsync } from "fastify";
import type { Store } from "../store/store.ts";

/** `live`: the process answers. `ready`: it can also reach its database, so agents and people may be sent here. */
export function healthRoutes({ store }: { store: Store }): FastifyPluginAsync {
  return async (app) => {
    app.get("/health/live", async () => ({ status: "ok" }));
    app.get("/health/ready", async () => {
      store.upkeep.sizeBytes();
      return { status: "ok" };
    });
  };
}
