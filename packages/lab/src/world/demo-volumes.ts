import type { FileEntry } from "../forge/file-entry.ts";
import type { Random } from "../random.ts";
import type { Service } from "./catalog.ts";
import type { WorldVolume } from "./world.ts";

const POSTGRES_UID = 70;

/** The data of a stateful service: laid out like a small database. */
export function dataVolume(name: string, service: Service, random: Random): WorldVolume {
  const owned = { uid: POSTGRES_UID, gid: POSTGRES_UID };
  const tables = Array.from({ length: random.between(4, 9) }, (_, index): FileEntry => {
    const content = random.bytes(random.between(4_000, 40_000));
    return { path: `base/1/${1247 + index}`, content, mode: 0o600, ...owned };
  });

  return {
    name,
    labels: service.owner === undefined ? {} : { "com.acme.owner": service.owner },
    files: [
      { path: "PG_VERSION", content: "15\n", mode: 0o600, ...owned },
      ...tables,
      { path: "pg_wal", folder: true, mode: 0o700, ...owned },
      { path: "pg_wal/000000010000000000000001", sparseBytes: 16 * 2 ** 20, mode: 0o600, ...owned },
      { path: "current", symlinkTo: "base/1", ...owned },
    ],
  };
}

/** What a migration left, and no container uses. */
export function forgottenVolume(random: Random): WorldVolume {
  const year = random.between(2019, 2024);
  return {
    name: `old-export-${year}`,
    labels: {},
    files: [
      { path: `export-${year}.csv`, content: `id;amount\n${"1;100\n".repeat(random.between(100, 9000))}` },
    ],
  };
}
