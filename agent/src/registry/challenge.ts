/** What a registry demands of whoever asks without rights: `www-authenticate` as RFC 9110 and the token protocol have it. */
export type Challenge =
  | { readonly scheme: "basic" }
  | { readonly scheme: "bearer"; readonly realm: string; readonly service?: string; readonly scope?: string };

const MOST_HEADER = 4_096;
const PARAMETER = /([a-z]+)=(?:"([^"]*)"|([^\s,"]+))/gi;

/** Undefined for schemes that no registry speaks, and for a challenge without the address of its tokens. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > MOST_HEADER) return undefined;
  const [scheme = ""] = header.trim().split(/\s/, 1);
  if (scheme.toLowerCase() === "basic") return { scheme: "basic" };
  if (scheme.toLowerCase() !== "bearer") return undefined;

  const found = new Map(
    Array.from(header.matchAll(PARAMETER), ([, key = "", quoted, plain]) => [
      key.toLowerCase(),
      quoted ?? plain ?? "",
    ]),
  );
  const [realm, service, scope] = ["realm", "service", "scope"].map((key) => found.get(key));
  if (realm === undefined || realm === "") return undefined;
  return {
    scheme: "bearer",
    realm,
    ...(service !== undefined && { service }),
    ...(scope !== undefined && { scope }),
  };
}
