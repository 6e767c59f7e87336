/** Believes an agent's request, or says why not. The host is the one whose key signed, never one that a body names. */
import type { Clock } from "@shipkeeper/kit";
import { hostIdSchema, type HostId } from "@shipkeeper/model";
import { REQUEST_HEADERS } from "@shipkeeper/protocol";
import { checkRequest, type RequestRefusal } from "@shipkeeper/runtime";
import type { FastifyRequest } from "fastify";
import type { Store } from "../store/store.ts";
import { Refusal } from "./problem.ts";

const SENTENCES: Readonly<Record<RequestRefusal | "revoked", string>> = {
  not_signed: "the request carries no signature",
  unknown_host: "no such host is enrolled here",
  bad_signature: "the signature does not hold: another key made it, or the request was changed on its way",
  clock_skew: "the host's clock is too far from the collector's",
  revoked: "this host's key was revoked",
};

export interface AgentAuth {
  /** Before the body is read: whoever is not even enrolled does not get to send one. */
  expectHost(request: FastifyRequest): void;
  /** Over the bytes of the body as they travelled. */
  verify(request: FastifyRequest, body: Uint8Array): HostId;
}

export function agentAuth({ hosts, now }: { hosts: Store["hosts"]; now: Clock }): AgentAuth {
  function refuse(code: RequestRefusal | "revoked"): never {
    const status = code === "revoked" ? 403 : 401;
    throw new Refusal(status, code, SENTENCES[code], code === "clock_skew" ? { serverTime: now() } : {});
  }

  return {
    expectHost({ headers }) {
      const hostId = hostIdSchema.safeParse(headers[REQUEST_HEADERS.host]);
      if (!hostId.success) refuse("not_signed");
      if (hosts.keyOf(hostId.data) === undefined) refuse("unknown_host");
    },

    verify(request, body) {
      const { method, headers } = request;
      const checked = checkRequest(
        { method, target: request.raw.url ?? "", headers, body },
        (hostId) => hosts.keyOf(hostId)?.publicKey,
        now(),
      );
      if ("refusal" in checked) return refuse(checked.refusal);
      if (hosts.keyOf(checked.hostId)?.revoked === true) return refuse("revoked");
      hosts.recordSeen(checked.hostId, now());
      return checked.hostId;
    },
  };
}
