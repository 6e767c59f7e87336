import { markup } from "./template.ts";

/** The page's look. Two colour schemes by `light-dark()`, system fonts, nothing fetched; prints on paper as well. */
export const STYLE = markup`<style>
:root {
  color-scheme: light dark;
  --ground: light-dark(#f6f5f1, #14171a);
  --sheet: light-dark(#ffffff, #1c2024);
  --ink: light-dark(#1c2126, #e7e9ea);
  --quiet: light-dark(#5c6670, #9aa5ae);
  --line: light-dark(#e2e0d9, #2e343a);
  --track: light-dark(#e9e7e0, #2b3138);
  --sea: light-dark(#1f6f8b, #58b0cc);
  --sea-soft: light-dark(#a9cfdb, #2c5867);
  --good: light-dark(#2f7d4f, #6cc08b);
  --warn: light-dark(#9a6100, #e0a44a);
  --warn-soft: light-dark(#fbeed5, #3a2d17);
  --bad: light-dark(#b3261e, #f0857c);
  --bad-soft: light-dark(#fbe3e0, #41211f);
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
main { max-width: 70rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
header p { margin: 0; color: var(--quiet); font-size: .875rem; }
h1 { margin: .25rem 0 1.5rem; font-size: clamp(1.4rem, 1rem + 2vw, 2.1rem); line-height: 1.22; font-weight: 650; letter-spacing: -.01em; text-wrap: balance; }
h1 .part { display: block; }
h2 { margin: 0 0 .75rem; font-size: 1.1rem; line-height: 1.3; }
h3 { margin: 1.25rem 0 .5rem; font-size: .875rem; color: var(--quiet); font-weight: 600; }
h2 + h3 { margin-top: 0; }
section { background: var(--sheet); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin-top: 1rem; }
p { margin: 0 0 .5rem; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: 1rem; background: none; border: 0; padding: 0; }
.figure { border-top: 3px solid var(--line); padding-top: .5rem; }
.figure.good { border-color: var(--good); } .figure.warn { border-color: var(--warn); } .figure.bad { border-color: var(--bad); }
.figure b { display: block; font-size: 1.6rem; line-height: 1.2; font-weight: 650; color: var(--ink); }
.figure span { color: var(--quiet); font-size: .875rem; }

.next { list-style: none; margin: 0; padding: 0; }
.next li { display: grid; grid-template-columns: 3.75rem 1fr auto; gap: .125rem .75rem; padding: .625rem 0; border-top: 1px solid var(--line); align-items: baseline; }
.next li:first-child { border-top: 0; padding-top: 0; } .next li:last-child { padding-bottom: 0; }
.next b { font-weight: 600; }
.next .why { grid-column: 2; color: var(--quiet); font-size: .875rem; }
.next .who { grid-column: 3; grid-row: 1; font-size: .875rem; text-align: right; max-width: 14rem; }
.chip { display: inline-block; border-radius: 1rem; padding: 0 .6rem; font-size: .8125rem; font-weight: 600; text-align: center; background: var(--track); color: var(--quiet); }
.chip.now { background: var(--bad-soft); color: var(--bad); } .chip.soon { background: var(--warn-soft); color: var(--warn); }

.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 2rem; }
.bars { display: grid; grid-template-columns: max-content 1fr max-content; gap: .375rem .75rem; align-items: center; font-size: .875rem; }
.bar { display: flex; height: .75rem; border-radius: .375rem; background: var(--track); overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--sea); width: var(--share); }
.bar i.soft { background: var(--sea-soft); } .bar i.good { background: var(--good); } .bar i.warn { background: var(--warn); } .bar i.bad { background: var(--bad); }
.bars .number { text-align: right; }
.critical, .high { color: var(--bad); } .critical { font-weight: 600; } .medium { color: var(--warn); }
.trend { display: grid; grid-template-columns: max-content 1fr; grid-template-rows: auto auto auto; gap: 0 .5rem; margin: .5rem 0 1rem; max-width: 44rem; }
.trend svg { grid-column: 2; grid-row: 1 / 3; width: 100%; height: 4rem; border: solid var(--line); border-width: 1px 0; }
.trend polyline { fill: none; stroke: var(--sea); stroke-width: 2; vector-effect: non-scaling-stroke; }
.trend .area { fill: var(--sea-soft); stroke: none; opacity: .5; }
.trend > span { align-self: start; text-align: right; } .trend > span + svg + span { align-self: end; }
.trend .days { grid-column: 2; display: flex; justify-content: space-between; }
.key::before { content: ""; display: inline-block; width: .7rem; height: .7rem; border-radius: .2rem; margin-right: .35rem; background: var(--sea); }
.key.soft::before { background: var(--sea-soft); }

table { width: 100%; border-collapse: collapse; font-size: .875rem; }
th { text-align: left; font-weight: 600; color: var(--quiet); padding: 0 .75rem .375rem 0; vertical-align: bottom; }
td { padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); vertical-align: top; min-width: 5.25rem; }
th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; }
td .bar { width: 6.5rem; margin: .3rem 0 .125rem; height: .5rem; }
.name { font-weight: 600; }
.time { white-space: nowrap; }
footer { margin-top: 1.5rem; color: var(--quiet); font-size: .8125rem; max-width: 46rem; }

@media (max-width: 44rem) {
  main { padding: 1.25rem .75rem 3rem; }
  section { padding: 1rem; }
  .figures { grid-template-columns: 1fr 1fr; }
  .next li { grid-template-columns: 3.75rem 1fr; }
  .next .who { grid-column: 2; grid-row: auto; order: 1; text-align: left; max-width: none; }
  .figure:last-child:nth-child(odd) { grid-column: span 2; }
  table, tbody, tr, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { padding: .625rem 0; border-top: 1px solid var(--line); }
  tbody tr:first-child { border-top: 0; padding-top: 0; }
  td { border: 0; padding: .0625rem 0; min-width: 0; display: grid; grid-template-columns: 6.5rem 1fr; gap: .75rem; text-align: left; white-space: normal; }
  td::before { content: attr(data-label); color: var(--quiet); }
  td:has(> span:empty) { display: none; }
  td.name:first-child { display: block; font-size: 1rem; }
  td.name:first-child::before { content: none; }
}
@media print {
  body { background: none; font-size: 12px; }
  section { break-inside: avoid; }
}
</style>`;
