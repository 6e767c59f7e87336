import type { FleetReport } from "@shipkeeper/protocol";
import {
  lossInWords,
  recoveryInWords,
  repositoryInWords,
  rungInWords,
  timeBackInWords,
} from "../recovery-words.ts";
import { counted } from "../wording.ts";
import { section, table } from "./parts.ts";
import { markup, type Markup } from "./template.ts";

export function recoverySection({ recovery }: FleetReport): Markup {
  const { worst, repositories } = recovery;
  const late = table(
    [
      { head: "State", cell: ({ state }) => state },
      { head: "Dataset", isName: true, cell: ({ dataset }) => dataset },
      { head: "Host", cell: ({ host }) => host },
      { head: "Would be lost", cell: lossInWords },
      { head: "Time", cell: timeBackInWords },
      { head: "Proven", cell: rungInWords },
      { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
    ],
    worst,
  );
  const places = table(
    [
      { head: "Repository", isName: true, cell: ({ repository }) => repository },
      { head: "Where", cell: ({ offsite }) => (offsite ? "off-site" : "near") },
      {
        head: "Hosts",
        cell: ({ hosts, troubled }) =>
          troubled === 0 ? counted(hosts, "host") : `fails on ${troubled} of ${hosts}`,
      },
      { head: "Bytes", cell: repositoryInWords },
    ],
    repositories,
  );
  return section(
    "What could be had back",
    markup`<p>${recoveryInWords(recovery)}.</p>`,
    worst.length > 0 && markup`<h3>Not as agreed</h3>${late}`,
    repositories.length > 0 && markup`<h3>Repositories</h3>${places}`,
  );
}
