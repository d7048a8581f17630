/** A file of the page, compressed ahead: the same bytes are sent to everybody. */
export interface UiFile {
  /** Below /ui/files/; `index.html` stands for every other address. */
  name: string;
  type: string;
  /** With its quotes; of the content before compression. */
  etag: string;
  /** Its name has a digest of its content: it never changes. */
  isImmutable: boolean;
  br: Uint8Array<ArrayBuffer>;
  gzip: Uint8Array<ArrayBuffer>;
}
