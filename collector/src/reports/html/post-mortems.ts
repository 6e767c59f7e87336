import { formatInstant, printable } from "@shipkeeper/kit";
import type { FleetReport, ReportedPostMortem } from "@shipkeeper/protocol";
import { counted } from "../wording.ts";
import { nothing, section, table, type Column } from "./parts.ts";
import { markup, type Markup } from "./template.ts";

export function postMortemsSection({ postMortems: { newest, more } }: FleetReport): Markup {
  const title = "Post-mortems";
  if (newest.length === 0)
    return section(title, nothing("No container ended unexpectedly, and none was healed."));
  return section(
    title,
    table(COLUMNS, newest),
    more > 0 && markup`<p class="small quiet">And ${counted(more, "older one")}.</p>`,
  );
}

const COLUMNS: Column<ReportedPostMortem>[] = [
  { head: "Container", isName: true, cell: ({ id, container }) => linkTo(id, container) },
  { head: "Host", cell: ({ host }) => host },
  { head: "When", cell: ({ at }) => markup`<span class="time">${formatInstant(at).slice(5)}</span>` },
  { head: "Why", isSentence: true, cell: ({ because }) => because },
  { head: "Owner", cell: ({ owner }) => owner ?? "nobody" },
];

/** Of an id that an agent made only what cannot leave the path is a link. */
function linkTo(id: string, name: string): Markup {
  const path = `/api/v1/post-mortems/${encodeURIComponent(id)}?format=html`;
  return markup`<a href="${path}">${printable(name, 96)}</a>`;
}
