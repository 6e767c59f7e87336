import { tmpdir } from "node:os";
import { statfsSync } from "node:fs";
import { defineConfig } from "vitest/config";

const sources = ["packages/*/src", "agent/src", "collector/src", "demo/src", "test"];
const ending = (suffix: string) => sources.map((folder) => `${folder}/**/*${suffix}`);

const SHARED_MEMORY = "/dev/shm";
const LEAST_BYTES = 2 ** 28;

/** Databases of unit tests live in memory where the machine lends enough of it: waiting for a disk proves nothing there. */
function quickFolder(): string {
  try {
    const { bavail, bsize } = statfsSync(SHARED_MEMORY);
    return bavail * bsize >= LEAST_BYTES ? SHARED_MEMORY : tmpdir();
  } catch {
    return tmpdir();
  }
}

/** Three worlds, named by file ending: pure, with a real engine, and built programs against the fleet lab. */
export default defineConfig({
  test: {
    reporters: ["default", "./test/plain-reporter.ts"],
    projects: [
      {
        extends: true,
        test: {
          name: "unit",
          testTimeout: 30_000, // a bound, not a promise: a busy machine takes its time
          include: ending(".test.ts"),
          env: { TMPDIR: quickFolder() },
          exclude: ["**/node_modules/**", ...ending(".docker.test.ts"), ...ending(".e2e.test.ts")],
          maxWorkers: "100%", // by default one core is left idle
          isolate: false, // loading every module anew for each file takes half of the time
          experimental: { viteModuleRunner: false }, // Node reads the sources itself; nothing here is mocked
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "docker",
          include: ending(".docker.test.ts"),
          maxWorkers: 2, // each file has its own engines, and waits for them most of its time
          testTimeout: 60_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "e2e",
          include: ending(".e2e.test.ts"),
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
