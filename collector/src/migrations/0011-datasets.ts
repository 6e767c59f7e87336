/** Restore points are of datasets; those of volumes were the first. */
export const datasets = /*sql*/ `
ALTER TABLE restore_point RENAME COLUMN volume TO dataset;
UPDATE restore_point SET
  dataset = 'volume:' || dataset,
  body = json_remove(json_set(body, '$.dataset', 'volume:' || dataset), '$.volume');
`;
