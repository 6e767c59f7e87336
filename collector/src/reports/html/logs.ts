import { formatBytes } from "@shipkeeper/kit";
import type { FleetReport, ReportedLog } from "@shipkeeper/protocol";
import { burstsInWords, matchesInWords } from "../wording.ts";
import { nothing, section, table, type Column } from "./parts.ts";
import { markup, type Markup } from "./template.ts";

export function logsSection({ logs }: FleetReport): Markup {
  const title = "Loudest containers";
  if (logs.loudest.length === 0 && logs.bursting === 0)
    return section(title, nothing("No container logged anything lately."));
  return section(
    title,
    logs.bursting > 0 && markup`<p><span class="bad">${burstsInWords(logs)}</span></p>`,
    table(COLUMNS, logs.loudest),
  );
}

const COLUMNS: Column<ReportedLog>[] = [
  { head: "Container", isName: true, cell: ({ container }) => container },
  { head: "Host", cell: ({ host }) => host },
  {
    head: "A minute",
    isNumber: true,
    cell: ({ bytesPerMinute, isBursting }) =>
      isBursting
        ? markup`<span class="bad">${formatBytes(bytesPerMinute)}, bursts</span>`
        : formatBytes(bytesPerMinute),
  },
  { head: "Found in the last hour", cell: ({ matches }) => matchesInWords(matches) },
  {
    head: "Kept",
    cell: ({ keptBytes, growsWithoutEnd }) => [
      keptBytes === undefined ? "" : formatBytes(keptBytes),
      growsWithoutEnd && markup` <span class="bad">without rotation</span>`,
    ],
  },
  { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
];
