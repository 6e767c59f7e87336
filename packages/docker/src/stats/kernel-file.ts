/** One file of the kernel's, read again and again into one shared buffer. */
import { closeSync, openSync, readSync } from "node:fs";

/** Every file read here is far smaller; one that fills it counts as unreadable rather than as its first part. */
const BUFFER_BYTES = 256 * 1024;

/**
 * The kernel hands out some files a page at a time and stops before the line that no longer fits. No line is longer
 * than 500 bytes, so only a read that came near a page can have more behind it, and the others save a call.
 */
const MAY_GO_ON_BYTES = 4_096 - 500;

const shared = Buffer.allocUnsafeSlow(BUFFER_BYTES);

export interface KernelFile {
  /** The file's bytes, valid until any file is read. Throws what the kernel answers (ENODEV, ESRCH …). */
  read(): Buffer;
  close(): void;
}

/** Kept open: half the cost. It also keeps alive what it shows, a dead network namespace for one, until it is closed. */
export function keptFile(path: string): KernelFile {
  const descriptor = openSync(path, "r");
  return { read: () => fill(descriptor), close: () => closeSync(descriptor) };
}

/** For the descriptors that are not to be had: opened and closed at every read. */
export function reopenedFile(path: string): KernelFile {
  return {
    read() {
      const descriptor = openSync(path, "r");
      try {
        return fill(descriptor);
      } finally {
        closeSync(descriptor);
      }
    },
    close: () => {},
  };
}

function fill(descriptor: number): Buffer {
  let length = 0;
  let got: number;
  do {
    got = readSync(descriptor, shared, length, BUFFER_BYTES - length, length);
    length += got;
  } while (got >= MAY_GO_ON_BYTES && length < BUFFER_BYTES);
  if (length === BUFFER_BYTES) throw new Error(`a kernel file is longer than ${BUFFER_BYTES} bytes`);
  return shared.subarray(0, length);
}
