/** A file of the page, compressed ahead: the same bytes are sent to everybody. */
export interface UiFile {
  /** Its address below /ui/; `index.html` stands for every other one. */
  path: string;
  type: string;
  /** With its quotes; of the content before compression. */
  etag: string;
  /** Its address has a digest of its content: it never changes. */
  isImmutable: boolean;
  codings: Codings;
}

/** The bytes, compressed in two ways; or as they are, where they do not get smaller. */
export type Codings = Record<"br" | "gzip", Bytes> | { plain: Bytes };

type Bytes = Uint8Array<ArrayBuffer>;
