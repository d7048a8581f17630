/** A PDF written by hand, for what a library would not write. */
export interface PdfStream {
  /** The entries of its dictionary, but for its length. */
  dictionary: string;
  data: Uint8Array;
}

export type PdfObject = string | PdfStream;

/** Objects 1, 2, 3... as a file; the first is the catalog. */
export function writePdf(objects: readonly PdfObject[], trailer = ""): Buffer {
  const parts: Uint8Array[] = [];
  let size = 0;
  const put = (part: string | Uint8Array) => {
    const bytes = typeof part === "string" ? Buffer.from(part, "latin1") : part;
    parts.push(bytes);
    size += bytes.length;
  };
  put("%PDF-1.7\n");
  const offsets = objects.map((object, index) => {
    const offset = size;
    put(`${index + 1} 0 obj\n`);
    if (typeof object === "string") put(object);
    else {
      put(`<<${object.dictionary}/Length ${object.data.length}>>stream\n`);
      put(object.data);
      put("\nendstream");
    }
    put("\nendobj\n");
    return offset;
  });
  const table = size;
  const lines = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`);
  put(`xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${lines.join("")}`);
  put(`trailer<</Size ${objects.length + 1}/Root 1 0 R${trailer}>>\nstartxref\n${table}\n%%EOF`);
  return Buffer.concat(parts);
}

export interface PdfPage {
  /** Operators. */
  content: string | Uint8Array;
  /** Entries of the page: `/Rotate 90/CropBox[0 0 10 10]`. */
  entries?: string;
  /** Entries of its resources; objects of `extra` are `@0`, `@1`... */
  resources?: string;
  /** In points. */
  box?: readonly [number, number, number, number];
}

export const A4 = [0, 0, 595, 842] as const;

/** A document of these pages; `extra` are further objects, to which texts refer as `@0`, `@1`... */
export function pdfOf(pages: readonly PdfPage[], extra: readonly PdfObject[] = []): Buffer {
  return writePdf(objectsOf(pages, extra));
}

export function objectsOf(pages: readonly PdfPage[], extra: readonly PdfObject[] = []): PdfObject[] {
  const firstExtra = 3 + pages.length * 2;
  const referred = (text: string) =>
    text.replace(/@(\d+)/g, (_, index) => `${firstExtra + Number(index)} 0 R`);
  const kids = pages.map((_, index) => `${3 + index * 2} 0 R`).join(" ");
  const objects: PdfObject[] = [
    "<</Type/Catalog/Pages 2 0 R>>",
    `<</Type/Pages/Kids[${kids}]/Count ${pages.length}>>`,
  ];
  for (const [index, { content, entries = "", resources = "", box = A4 }] of pages.entries()) {
    const page = `/MediaBox[${box.join(" ")}]/Contents ${4 + index * 2} 0 R/Resources<<${resources}>>${entries}`;
    objects.push(referred(`<</Type/Page/Parent 2 0 R${page}>>`));
    objects.push({
      dictionary: "",
      data: typeof content === "string" ? Buffer.from(content, "latin1") : content,
    });
  }
  for (const object of extra)
    objects.push(
      typeof object === "string" ? referred(object) : { ...object, dictionary: referred(object.dictionary) },
    );
  return objects;
}
