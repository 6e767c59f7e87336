import { readFileSync } from "node:fs";
import type { LayerSpec } from "./forge-image.ts";

const APPLETS =
  "sh ash cat ls sleep true false test [ touch rm mv cp ln mkdir rmdir chmod chown stat find xargs grep sed awk head tail sort wc " +
  "cut tr date dd df du echo printf env id hostname ps kill killall top free uptime pwd readlink realpath sync truncate seq yes " +
  "nc httpd wget ip ifconfig netstat ping nslookup tar gzip gunzip md5sum sha256sum base64 hexdump od mount umount mknod usleep vi";

let layer: LayerSpec | undefined;

/**
 * Two megabytes with real programs: Debian's busybox-static and its names, and the few files that programs expect.
 *
 * @throws Error when busybox-static is not installed.
 */
export function busyboxLayer(): LayerSpec {
  return (layer ??= [
    ...["bin", "etc", "tmp", "var", "root", "proc", "sys", "dev"].map((path) => ({
      path,
      folder: true as const,
      mode: path === "tmp" ? 0o1777 : 0o755,
    })),
    { path: "bin/busybox", content: readFileSync("/bin/busybox"), mode: 0o755 },
    ...APPLETS.split(" ").map((name) => ({ path: `bin/${name}`, symlinkTo: "busybox" })),
    { path: "etc/passwd", content: "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n" },
    { path: "etc/group", content: "root:x:0:\nnogroup:x:65534:\n" },
  ]);
}
