/** What is backed up as one thing and restored as one thing. Its id names it in every repository, on every host. */
import * as z from "zod";

export const DATASET_KINDS = ["volume", "bind", "dump", "host", "image"] as const;
export type DatasetKind = (typeof DATASET_KINDS)[number];

export interface Dataset {
  /**
   * `volume` and `bind` are folders as they are, `dump` is what a hook wrote instead of a volume's files, `host` is the
   * configuration of engine and containers, `image` what no registry holds.
   */
  readonly kind: DatasetKind;
  /** The volume's name, the host's path, the image's reference; `configuration` for a host. */
  readonly name: string;
}

/** `volume:shop-data`, `bind:/srv/shop`, `dump:shop-pgdata`, `host:configuration`, `image:shop:3` */
export type DatasetId = string;

export const datasetIdSchema = z.string().refine((text) => readDatasetId(text) !== undefined, {
  error: "expected a dataset such as volume:shop-data",
});

export function datasetId({ kind, name }: Dataset): DatasetId {
  return `${kind}:${name}`;
}

/** Undefined where the text is none. */
export function readDatasetId(id: DatasetId): Dataset | undefined {
  const colon = id.indexOf(":");
  const kind = DATASET_KINDS.find((known) => known === id.slice(0, colon));
  const name = id.slice(colon + 1);
  return kind === undefined || name === "" ? undefined : { kind, name };
}

/** The dataset of a volume's files. */
export function volumeDataset(volume: string): DatasetId {
  return datasetId({ kind: "volume", name: volume });
}
