import { beginConvert } from "./convert/convert.ts";
import type { DocumentLimits } from "./limits.ts";
import type { Task } from "./messages.ts";
import { beginPage } from "./page.ts";
import { PageFault, tooManyPages, tooMuchMemory } from "./reasons.ts";
import { openWorkplace, type Workplace } from "./workplace.ts";

/** What the child does with orders: the part that must be done in turn, then, as a function, what may be done beside the next. */
export interface Session {
  begin(task: Task): Promise<() => Promise<unknown>>;
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
  const begin = async (task: Task): Promise<() => Promise<unknown>> => {
    switch (task.kind) {
      case "describe": {
        const { open } = await at(place?.font ?? null);
        const { fileBytes } = limits;
        const document = open.use(task.path, { passwords: task.passwords, fileBytes }, false);
        const { pages, encrypted, copyForbidden } = document;
        if (pages > limits.pages) throw tooManyPages(pages, limits.pages);
        const notices = copyForbidden ? ["its maker forbids to copy text and images out of it"] : [];
        return async () => ({ kind: "pdf", pages, encrypted, copyForbidden, notices });
      }
      case "page":
        return beginPage(await at(task.font), task, limits);
      case "convert":
        return beginConvert(task);
    }
  };
  return {
    isBroken: () => broken,
    begin: async (task) => {
      try {
        return await begin(task);
      } catch (error) {
        if (error instanceof PageFault) {
          const reason = error.message;
          return async () => ({ ok: false, reason });
        }
        if (!(error instanceof WebAssembly.RuntimeError) && !(error instanceof RangeError)) throw error;
        broken = true;
        const full = place?.pdfium.isFull() === true;
        const what = task.kind === "page" ? `page ${task.page}` : "it";
        const reason = full ? tooMuchMemory(what, limits.heapBytes) : `${what} is damaged: reading it failed`;
        return async () => ({ ok: false, reason });
      }
    },
  };
}
