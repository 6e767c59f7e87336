/** A file as a layer of an image or a volume shall hold it. Names are taken as they are, `-rf` and line feeds included. */
export type FileEntry = FileAttributes & FileBody;

export interface FileAttributes {
  /** Relative to the root of the layer or the volume. */
  path: string;
  /** Permission bits, for instance 0o4755. Defaults: 0o755 for folders and programs of the base, 0o644 for files. */
  mode?: number;
  uid?: number;
  gid?: number;
  modifiedAt?: Date;
}

export type FileBody =
  | { content: string | Uint8Array }
  /** A hole of that many bytes in a volume; zeros in a layer. */
  | { sparseBytes: number }
  | { symlinkTo: string }
  /** The path of an earlier entry. */
  | { hardlinkTo: string }
  | { folder: true };
