import { expect, test } from "vitest";
import { ended, mounting } from "../testing/world.ts";
import { noDataAt, writableBinds, writersOf } from "./mounted.ts";

test("a folder that containers may write to is found once, with all who may, whether they run or not", () => {
  const containers = [
    mounting("web", ["/srv/app/", "/etc/app:ro"]),
    ended("job", { mounts: mounting("", ["/srv/app"]).mounts }),
    mounting("db", ["db-data", "/srv/app/logs"]),
  ];

  expect(
    writableBinds(containers).map(({ path, writers }) => [path, writers.map(({ name }) => name)]),
  ).toEqual([
    ["/srv/app", ["web", "job"]],
    ["/srv/app/logs", ["db"]],
  ]);
});

test("who writes to a folder is who mounts it, what it is in, or what is in it; who only reads is not", () => {
  const containers = [
    mounting("above", ["/srv"]),
    mounting("same", ["/srv/app"]),
    mounting("below", ["/srv/app/logs"]),
    mounting("beside", ["/srv/apps"]),
    mounting("reader", ["/srv/app:ro"]),
    mounting("paused", ["/srv/app"], { state: "paused" }),
    mounting("over", ["/srv/app"], { state: "exited" }),
  ];

  expect(writersOf({ kind: "bind", name: "/srv/app" }, containers).map(({ name }) => name)).toEqual([
    "above",
    "same",
    "below",
    "paused",
  ]);
});

test.for([
  ["/var/run/docker.sock", "socket"],
  ["/srv/app/php-fpm.sock", "socket"],
  ["/proc", "of-the-kernel"],
  ["/dev/bus/usb", "of-the-kernel"],
  ["/etc/localtime", "of-the-system"],
  ["/var/lib/docker/volumes", "of-the-engine"],
  ["/srv/app", undefined],
  ["/", undefined],
  ["/device", undefined],
] as const)("at %s lies %s", ([path, what]) => {
  expect(noDataAt(path)).toBe(what);
});
