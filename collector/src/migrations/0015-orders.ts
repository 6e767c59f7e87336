/** What operators ordered single hosts to do, as it was signed, and what became of it. */
export const orders = /*sql*/ `
CREATE TABLE signed_order (
  id TEXT PRIMARY KEY,
  host_id TEXT NOT NULL REFERENCES host (id),
  issued_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  posted_by TEXT NOT NULL,
  payload TEXT NOT NULL,
  public_key TEXT NOT NULL,
  signature TEXT NOT NULL,
  -- What its host said of it last; null until it took or refused it.
  state TEXT,
  message TEXT,
  at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX signed_order_host ON signed_order (host_id, expires_at);
CREATE INDEX signed_order_time ON signed_order (issued_at);
`;
