import type { Reporter, TestModule } from "vitest/node";

/** Prints the one closing line `N passed, N failed` that a CI reads. A file that could not load counts as failed. */
export default class PlainReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: errors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const test of module.children.allTests()) count[test.result().state] += 1;
      if (module.state() === "failed" && module.children.size === 0) count.failed += 1;
    }
    const notRun = count.skipped + count.pending;
    const tail = notRun > 0 ? `, ${notRun} skipped` : "";
    console.log(`\n${count.passed} passed, ${count.failed} failed${tail}`);
  }
}
