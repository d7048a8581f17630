/** A `.wasm` imported as a file: its path, on disk or inside the executable. */
declare module "*.wasm" {
  const path: string;
  export default path;
}

declare module "@cornerstonejs/codec-openjpeg/decodewasm" {
  const path: string;
  export default path;
}

declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
  const factory: unknown;
  export default factory;
}

declare module "@cornerstonejs/codec-openjpeg/wasm" {
  const path: string;
  export default path;
}
