/** A `.wasm` imported as a file: its path, on disk or inside the executable. */
declare module "*.wasm" {
  const path: string;
  export default path;
}
