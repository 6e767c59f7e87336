/** The report as one page that needs nothing else: no script, no request, both colour schemes, phone to desktop. */
import type { FleetReport } from "@shipkeeper/protocol";
import { recoverySection } from "./html/recovery.ts";
import {
  doneSection,
  drillsSection,
  heldBackSection,
  restorePointsSection,
  unownedSection,
} from "./html/activity.ts";
import { availabilitySection } from "./html/availability.ts";
import { complianceSection } from "./html/compliance.ts";
import { containersSection, hostsSection } from "./html/hosts.ts";
import { imagesSection } from "./html/images.ts";
import { logsSection } from "./html/logs.ts";
import { postMortemsSection } from "./html/post-mortems.ts";
import { doNext, figures, headline } from "./html/overview.ts";
import { STYLE } from "./html/style.ts";
import { troubleSection } from "./html/trouble.ts";
import { markup } from "./html/template.ts";
import { titleOf } from "./wording.ts";

/** What a browser may do with the page, whoever serves it. A second wall behind the escaping. */
export const REPORT_CONTENT_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'";

export function renderHtml(report: FleetReport): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${REPORT_CONTENT_POLICY}">
<meta name="referrer" content="no-referrer">
<title>${titleOf(report)}</title>
${STYLE}
</head>
<body>
<main>
${headline(report)}${figures(report)}${doNext(report)}${troubleSection(report)}${hostsSection(report)}${complianceSection(report)}${availabilitySection(report)}${imagesSection(report)}${containersSection(report)}
${doneSection(report)}${heldBackSection(report)}${recoverySection(report)}${restorePointsSection(report)}${drillsSection(report)}${postMortemsSection(report)}${logsSection(report)}${unownedSection(report)}
<footer>
<p>An image's age counts from its build, as its builder wrote it. What can be freed is images that no container refers to,
by the layers that only they hold where that was measured, and idle build cache.</p>
<p>Shipkeeper</p>
</footer>
</main>
</body>
</html>
`.toString();
}
