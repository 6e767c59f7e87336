import { expect, test } from "vitest";
import { mountPointsOf, planCell } from "./cell.ts";

const readOnly = (mountPoints: string[], needs: { writable?: string[]; readable?: string[] } = {}) =>
  planCell(mountPoints, { writable: [], readable: [], ...needs })
    .filter(({ how }) => how === "ro")
    .map(({ path }) => path);

test("a cell sees what programs are made of, and the disks that hold what is needed", () => {
  const mounts = ["/", "/usr", "/etc/resolv.conf", "/srv", "/mnt/backup", "/mnt/other"];

  expect(readOnly(mounts, { writable: ["/mnt/backup/repository"] })).toEqual([
    "/etc/resolv.conf",
    "/mnt/backup",
    "/usr",
  ]);
});

test("no door to the host's own mounts is in it: no /proc, /sys or /run, whatever is needed from there", () => {
  const mounts = ["/", "/proc", "/proc/fs/nfsd", "/sys", "/run", "/run/docker/netns/1", "/dev", "/dev/shm"];

  expect(readOnly(mounts, { readable: ["/run/credentials/password"] })).toEqual([
    "/run/credentials/password",
  ]);
  expect(planCell(mounts, { writable: [], readable: [] })).toContainEqual({ how: "tmpfs", path: "/run" });
});

test("only what is said to be is writable, and it comes last, so that nothing covers it", () => {
  const plan = planCell(["/", "/var/lib/docker"], {
    writable: ["/var/lib/docker/staging/read"],
    readable: ["/etc/password"],
  });

  expect(plan.filter(({ how }) => how === "rw")).toEqual([
    { how: "rw", path: "/var/lib/docker/staging/read" },
  ]);
  expect(plan.at(-1)?.how).toBe("rw");
});

test("a folder is not taken for one whose name begins the same", () => {
  expect(readOnly(["/usrlocal", "/mnt/backup-old"], { writable: ["/mnt/backup"] })).toEqual([]);
});

test("mount points are read as the kernel writes them", () => {
  const line = (point: string) => `46 27 254:0 / ${point} rw,relatime shared:3 - ext4 /dev/vda rw`;

  expect(mountPointsOf(`${line("/")}\n${line("/mnt/two\\040words\\134")}\n`)).toEqual([
    "/",
    "/mnt/two words\\",
  ]);
});
