import { readFile } from "node:fs/promises";
import wasmFile from "@cornerstonejs/codec-openjpeg/wasm" with { type: "file" };
// @ts-expect-error: the package has no types
import factory from "@cornerstonejs/codec-openjpeg/wasmjs";

interface Encoder {
  getDecodedBuffer(frame: object): Uint8Array;
  setQuality(lossless: boolean, quality: number): void;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
}

/** A fresh one: after its first image it does not encode another. */
export async function loadOpenJpegEncoder(): Promise<{ J2KEncoder: new () => Encoder }> {
  return factory({ wasmBinary: await readFile(wasmFile), print() {}, printErr() {} });
}
