import { MINUTE_MS } from "@shipkeeper/kit";
import type { NetworkBlueprint } from "@shipkeeper/model";
import * as z from "zod";
import { decodeAnswer } from "./answers/decode-answer.ts";
import type { Connection } from "./connection.ts";

/** The firewall's rules of a network are written one by one, on some hosts slowly. */
const NETWORK_DEADLINE_MS = MINUTE_MS;

/** Throws `EngineRefused` where the name or the addresses are taken, or as `Connection.call` does. */
export async function createNetwork(
  connection: Connection,
  { name, create }: NetworkBlueprint,
  signal: AbortSignal | undefined,
): Promise<{ readonly id: string }> {
  const attempt = `create network ${name}`;
  const answer = await connection.call({
    attempt,
    method: "POST",
    path: "/networks/create",
    // Older engines take the same name twice where they are not told to look.
    body: { ...create, Name: name, CheckDuplicate: true },
    deadlineMs: NETWORK_DEADLINE_MS,
    signal,
  });
  return { id: decodeAnswer(attempt, z.object({ Id: z.string().min(1) }), answer).Id };
}
