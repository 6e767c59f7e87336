import { formatBytes } from "@shipkeeper/kit";
import type { FleetReport, ImageGroup, ImageLine } from "@shipkeeper/protocol";
import { BUCKET_WORDS, ageInWords, counted } from "../wording.ts";
import { bars, nothing, section, table, type Column } from "./parts.ts";
import { markup, type Markup } from "./template.ts";

export function imagesSection({ images }: FleetReport): Markup {
  const { total, cacheBytes, reclaimableBytes, oldestRunning, oldestCached, byOwner, byBase } = images;
  if (total === 0) return section("Image ages", nothing("No image is cached."));
  return section(
    "Image ages",
    markup`<p>${counted(total, "image")} in the caches take ${formatBytes(cacheBytes)};
no container uses ${formatBytes(reclaimableBytes)} of it.</p>`,
    markup`<p class="small quiet"><span class="key">run</span> &nbsp; <span class="key soft">only cached</span></p>`,
    ageBars(images),
    markup`<div class="pair">
<div><h3>Oldest that run</h3>${imageTable(oldestRunning, "Runs as")}</div>
<div><h3>Oldest only cached</h3>${imageTable(oldestCached, "Kept by")}</div>
<div><h3>By owner</h3>${groupTable(byOwner, "Owner", "nobody")}</div>
<div><h3>By base image</h3>${groupTable(byBase, "Base", "not known")}</div>
</div>`,
  );
}

function ageBars({ ages }: FleetReport["images"]): Markup {
  const most = Math.max(1, ...ages.map(({ count }) => count));
  return bars(
    ages.map(({ bucket, count, running }) => ({
      label: BUCKET_WORDS[bucket],
      number: count,
      says: `${counted(count, "image")}, ${running} of them run`,
      pieces: [
        { percent: (100 * running) / most, tone: "" },
        { percent: (100 * (count - running)) / most, tone: "soft" },
      ],
    })),
  );
}

function imageTable(lines: readonly ImageLine[], usedByHead: string): Markup {
  if (lines.length === 0) return nothing("None.");
  const columns: Column<ImageLine>[] = [
    { head: "Image", isName: true, cell: ({ image }) => image },
    { head: "Age", cell: ({ ageDays }) => ageInWords(ageDays) },
    { head: "Host", cell: ({ host }) => host },
    { head: usedByHead, cell: ({ usedBy }) => usedByInWords(usedBy) },
  ];
  return table(columns, lines);
}

function usedByInWords(names: readonly string[]): string {
  const [first, ...more] = names;
  if (first === undefined) return "nothing";
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

function groupTable(groups: readonly ImageGroup[], head: string, unknown: string): Markup {
  if (groups.length === 0) return nothing("None.");
  const columns: Column<ImageGroup>[] = [
    { head, isName: true, cell: ({ name }) => name ?? markup`<span class="quiet">${unknown}</span>` },
    { head: "Images", isNumber: true, cell: ({ images }) => images },
    { head: "Median", isNumber: true, cell: ({ medianDays }) => ageInWords(medianDays) },
    { head: "Oldest", isNumber: true, cell: ({ oldestDays }) => ageInWords(oldestDays) },
  ];
  return table(columns, groups);
}
