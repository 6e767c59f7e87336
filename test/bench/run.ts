/** `./install.sh bench [NAME…]`: every benchmark, or those whose file names hold one of the names. Prints ratios. */
import { readdirSync } from "node:fs";

const wanted = process.argv.slice(2);
const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith(".bench.ts"));

for (const file of files) {
  if (wanted.length > 0 && !wanted.some((name) => file.includes(name))) continue;
  console.log(`\n${file}`);
  await import(`./${file}`);
}
