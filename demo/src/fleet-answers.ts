/** Reads what the demo shows out of the collector's API: every page, decoded. */
import type { Spine } from "@shipkeeper/lab";
import {
  alertsPageSchema,
  containersPageSchema,
  hostsPageSchema,
  imagesPageSchema,
  findingsPageSchema,
  incidentsPageSchema,
  postMortemsPageSchema,
  restorePointsPageSchema,
  apiRoundDetailSchema,
  roundsPageSchema,
  runsPageSchema,
  scoresPageSchema,
  type ApiAlert,
  type ApiContainer,
  type ApiFinding,
  type ApiHost,
  type ApiImage,
  type ApiIncident,
  type ApiPostMortem,
  type ApiRestorePoint,
  type ApiRoundDetail,
  type ApiRun,
  type ApiScore,
  type Page,
} from "@shipkeeper/protocol";

const MOST_PAGES = 200;

async function allPages<Item>(
  spine: Spine,
  path: string,
  parse: (answer: unknown) => Page<Item>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const separator = path.includes("?") ? "&" : "?";
    const next = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const answer = parse(await spine.read(`${path}${separator}limit=500${next}`));
    items.push(...answer.items);
    cursor = answer.nextCursor;
    if (cursor === undefined) break;
  }
  return items;
}

export const readHosts = (spine: Spine): Promise<ApiHost[]> =>
  allPages(spine, "/api/v1/hosts", (answer) => hostsPageSchema.parse(answer));

export const readContainers = (spine: Spine): Promise<ApiContainer[]> =>
  allPages(spine, "/api/v1/containers", (answer) => containersPageSchema.parse(answer));

export const readImages = (spine: Spine): Promise<ApiImage[]> =>
  allPages(spine, "/api/v1/images", (answer) => imagesPageSchema.parse(answer));

export const readRuns = (spine: Spine): Promise<ApiRun[]> =>
  allPages(spine, "/api/v1/runs", (answer) => runsPageSchema.parse(answer));

export const readRestorePoints = (spine: Spine): Promise<ApiRestorePoint[]> =>
  allPages(spine, "/api/v1/restore-points", (answer) => restorePointsPageSchema.parse(answer));

export const readIncidents = (spine: Spine): Promise<ApiIncident[]> =>
  allPages(spine, "/api/v1/incidents", (answer) => incidentsPageSchema.parse(answer));

export const readAlerts = (spine: Spine): Promise<ApiAlert[]> =>
  allPages(spine, "/api/v1/alerts", (answer) => alertsPageSchema.parse(answer));

export const readPostMortems = (spine: Spine): Promise<ApiPostMortem[]> =>
  allPages(spine, "/api/v1/post-mortems", (answer) => postMortemsPageSchema.parse(answer));

/** Those that are neither mended nor waived. */
export const readFindings = (spine: Spine): Promise<ApiFinding[]> =>
  allPages(spine, "/api/v1/findings", (answer) => findingsPageSchema.parse(answer));

/** The fleet's; undefined until something was judged. */
export async function readScore(spine: Spine): Promise<ApiScore | undefined> {
  const { items } = scoresPageSchema.parse(await spine.read("/api/v1/compliance?scope=fleet"));
  return items.find(({ score }) => score !== undefined);
}

/** The newest round of each host in which a rule of this kind was planned. */
export async function readNewestRounds(spine: Spine, kind: string): Promise<ApiRoundDetail[]> {
  const rounds = await allPages(spine, "/api/v1/rounds", (answer) => roundsPageSchema.parse(answer));
  const newest = new Map<string, (typeof rounds)[number]>();
  for (const round of rounds) {
    const known = newest.get(round.hostId);
    if (!round.planned.some((rule) => rule.kind === kind)) continue;
    if (known === undefined || round.at > known.at) newest.set(round.hostId, round);
  }
  return Promise.all(
    [...newest.values()].map(async ({ id }) =>
      apiRoundDetailSchema.parse(await spine.read(`/api/v1/rounds/${id}`)),
    ),
  );
}
