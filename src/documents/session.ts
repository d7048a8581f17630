import { formatQuantity } from "../util/format.ts";
import { beginConvert } from "./convert/convert.ts";
import type { DocumentLimits } from "./limits.ts";
import type { Task } from "./messages.ts";
import { beginPage } from "./page.ts";
import type { PdfDocument } from "./pdfium/document.ts";
import { PageFault, tooManyPages, tooMuchMemory } from "./reasons.ts";
import { openWorkplace, type Workplace } from "./workplace.ts";

/**
 * What the child does with orders: the part that must be done in turn, and, as a function, what may be done beside the
 * next. That gives the result, or `TO_BE_DRAWN`: then the order is to be begun again, with `drawn`.
 */
export interface Session {
  begin(task: Task, drawn: boolean): Promise<() => Promise<unknown>>;
  /** PDFium has aborted: it cannot be used again in this process. */
  isBroken(): boolean;
}

export function createSession(limits: DocumentLimits): Session {
  let place: (Workplace & { font: string | null }) | undefined;
  let broken = false;
  /** Fonts are part of an instance: another font, another instance. */
  const at = async (font: string | null): Promise<Workplace> => {
    if (place !== undefined && place.font !== font) {
      place.open.close();
      place = undefined;
    }
    place ??= { ...(await openWorkplace(font, limits.heapBytes)), font };
    return place;
  };
  const begin = async (task: Task, drawn: boolean): Promise<() => Promise<unknown>> => {
    switch (task.kind) {
      case "describe": {
        const { open } = await at(place?.font ?? null);
        const { fileBytes } = limits;
        const document = open.use(task.path, { passwords: task.passwords, fileBytes }, false);
        const { pages, encrypted, copyForbidden } = document;
        if (pages > limits.pages) throw tooManyPages(pages, limits.pages);
        const notices = noticesOf(document);
        return async () => ({ kind: "pdf", pages, encrypted, copyForbidden, notices });
      }
      case "page":
        return beginPage(await at(task.font), task, { limits, drawn });
      case "convert":
        return beginConvert(task);
    }
  };
  /** What is wrong with a page or image is a result. Throws what concerns the whole document. */
  const refusal = (error: unknown, task: Task) => {
    if (error instanceof PageFault) return { ok: false, reason: error.message };
    if (!(error instanceof WebAssembly.RuntimeError) && !(error instanceof RangeError)) throw error;
    broken = true;
    const full = place?.pdfium.isFull() === true;
    const what = task.kind === "page" ? `page ${task.page}` : "it";
    const reason = full ? tooMuchMemory(what, limits.heapBytes) : `${what} is damaged: reading it failed`;
    return { ok: false, reason };
  };
  return {
    isBroken: () => broken,
    begin: async (task, drawn) => {
      try {
        const finish = await begin(task, drawn);
        return () => finish().catch((error: unknown) => refusal(error, task));
      } catch (error) {
        const result = refusal(error, task);
        return async () => result;
      }
    },
  };
}

/** What a person should know of a document that opens. */
function noticesOf({ copyForbidden, attachments, isDynamicForm }: PdfDocument): string[] {
  const files = formatQuantity(attachments, "file");
  return [
    ...(copyForbidden ? ["its maker forbids to copy text and images out of it"] : []),
    ...(attachments > 0
      ? [
          `it holds ${files}, left out: save ${attachments === 1 ? "it" : "them"} beside it to be uploaded too`,
        ]
      : []),
    ...(isDynamicForm
      ? [
          "it is a form that is made when it is opened (XFA), its pages may only say so: print it to a PDF first",
        ]
      : []),
  ];
}
