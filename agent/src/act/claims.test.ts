import { expect, test } from "vitest";
import { createClaims } from "./claims.ts";

test("a container is in one hand at a time", () => {
  const claims = createClaims();

  const letGo = claims.take("web", "restart");

  expect(claims.all()).toEqual(new Map([["web", "restart"]]));
  expect(claims.take("web", "expire")).toBeUndefined();
  expect(claims.share("web", "backup")).toBeUndefined();
  letGo?.();
  letGo?.();
  expect(claims.take("web", "expire")).toBeDefined();
});

test("several backups may read at once, and all must end before it is free", () => {
  const claims = createClaims();

  const [first, second] = [claims.share("db", "backup"), claims.share("db", "backup")];
  first?.();

  expect(claims.take("db", "restart")).toBeUndefined();
  second?.();
  expect(claims.all().size).toBe(0);
});
