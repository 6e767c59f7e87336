import { randomBytes } from "node:crypto";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { InvalidInput } from "@shipkeeper/kit";
import { expect, test } from "vitest";
import { packFrame, unpackFrame } from "./frame.ts";

const MOST = 1_000_000;

test("a frame brings its head and every blob, small and uncompressed or large and packed", () => {
  const small = { head: { a: 1 }, blobs: [Buffer.from("one"), Buffer.alloc(0)] };
  const large = { head: { text: "long ".repeat(10_000) }, blobs: [randomBytes(1_000)] };

  for (const frame of [small, large]) {
    const { body, encoding } = packFrame(frame);
    expect(unpackFrame(body, encoding, MOST)).toEqual(frame);
  }
  expect(packFrame(small).encoding).toBe("identity");
  expect(packFrame(large).body.length).toBeLessThan(2_000);
});

const { body } = packFrame({ head: { a: 1 }, blobs: [Buffer.from("blob")] });
const lyingLength = Buffer.from(body);
lyingLength.writeUInt32LE(2 ** 32 - 1);
const invalidUtf8 = Buffer.concat([Buffer.from([3, 0, 0, 0]), Buffer.from([0x22, 0xff, 0x22])]);

const refusals: [name: string, body: Uint8Array, encoding: string | undefined][] = [
  ["nothing", Buffer.alloc(0), undefined],
  ["a length that promises more than there is", lyingLength, undefined],
  ["a head that is no JSON", Buffer.from([1, 0, 0, 0, 0x7b]), undefined],
  ["a head that is no UTF-8", invalidUtf8, undefined],
  ["a body that is too large", Buffer.alloc(MOST + 1), "identity"],
  ["a bomb", brotliCompressSync(Buffer.alloc(200e6)), "br"],
  ["a packed body that is cut off", brotliCompressSync(randomBytes(5_000)).subarray(0, 2_000), "br"],
  ["an encoding that is not spoken here", gzipSync(body), "gzip"],
];
test.each(refusals)("%s is refused", (_name, bytes, encoding) => {
  expect(() => unpackFrame(bytes, encoding, MOST)).toThrow(InvalidInput);
});

test("a frame that is cut off anywhere is refused, or was whole up to there", () => {
  for (let length = 0; length < body.length; length += 1) {
    try {
      expect(unpackFrame(body.subarray(0, length), undefined, MOST)).toEqual({ head: { a: 1 }, blobs: [] });
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidInput);
    }
  }
});
