/** Which revisions the collector has. */
import { policiesPageSchema, type ApiPolicyRevision } from "@shipkeeper/protocol";
import type { Api } from "./api.ts";
import { WrongUsage } from "./exit-codes.ts";

/** 0 where none was pushed yet. */
export async function newestRevision(api: Api): Promise<number> {
  return (await newestPolicy(api))?.revision ?? 0;
}

/** Throws `WrongUsage` where none was pushed yet. */
export async function revisionOrNewest(api: Api, revision: number | undefined): Promise<number> {
  const found = revision ?? (await newestRevision(api));
  if (found === 0) throw new WrongUsage("no policy was pushed yet");
  return found;
}

export async function newestPolicy(api: Api): Promise<ApiPolicyRevision | undefined> {
  const { items } = await api.get("policies", policiesPageSchema, { sort: "-revision", limit: "1" });
  return items[0];
}
