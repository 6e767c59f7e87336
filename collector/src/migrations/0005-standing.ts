/** What a host's rounds go by besides its inventory, as its agent told it last. */
export const standing = /*sql*/ `
ALTER TABLE host ADD COLUMN standing TEXT;
ALTER TABLE host ADD COLUMN standing_at INTEGER;
`;
