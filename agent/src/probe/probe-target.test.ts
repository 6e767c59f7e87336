import { containerIdSchema, imageIdSchema, type Container } from "@shipkeeper/model";
import { plainContainer } from "@shipkeeper/model/testing";
import { expect, test } from "vitest";
import { probeTarget } from "./probe-target.ts";

const idOf = (digit: string) => containerIdSchema.parse(digit.repeat(64));

function container(digit: string, networkMode: string, fields: Partial<Container> = {}): Container {
  const plain = plainContainer({
    id: idOf(digit),
    name: `c${digit}`,
    imageId: imageIdSchema.parse(`sha256:${"f".repeat(64)}`),
    ...fields,
  });
  return { ...plain, privileges: { ...plain.privileges, networkMode } };
}

const network = (address: string) => ({ name: "shop", id: "n1", address });

test("a container is reached by its own address", () => {
  const web = container("a", "shop", { networks: [network(""), network("172.18.0.5")] });

  expect(probeTarget(web, 80, [web])).toEqual({ host: "172.18.0.5", port: 80 });
});

test("one in the host's network on the host itself", () => {
  const web = container("a", "host");

  expect(probeTarget(web, 80, [web])).toEqual({ host: "127.0.0.1", port: 80 });
});

test("one in another's network by the other's address", () => {
  const proxy = container("a", "shop", { networks: [network("172.18.0.5")] });
  const side = container("b", `container:${idOf("a")}`);
  const third = container("c", "container:cb");

  expect(probeTarget(side, 80, [proxy, side])).toEqual({ host: "172.18.0.5", port: 80 });
  expect(probeTarget(third, 80, [proxy, side, third])).toEqual({ host: "172.18.0.5", port: 80 });
  expect(probeTarget(side, 80, [side])).toBeUndefined();
  const circle = container("d", `container:${idOf("d")}`);
  expect(probeTarget(circle, 80, [circle])).toBeUndefined();
});

test("without an address by what is published of that port", () => {
  const port = { container: 80, protocol: "tcp", hostAddress: "0.0.0.0", host: 8080 };
  const web = container("a", "none", { ports: [{ container: 80, protocol: "udp", host: 1 }, port] });
  const bound = container("b", "none", { ports: [{ ...port, hostAddress: "10.0.0.7" }] });

  expect(probeTarget(web, 80, [web])).toEqual({ host: "127.0.0.1", port: 8080 });
  expect(probeTarget(bound, 80, [bound])).toEqual({ host: "10.0.0.7", port: 8080 });
  expect(probeTarget(web, 81, [web])).toBeUndefined();
});
