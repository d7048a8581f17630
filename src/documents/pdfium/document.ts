import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { damagedPdf, encrypted, noPasswordOpens, tooLarge, withoutPages } from "../reasons.ts";
import { borrow, type Pdfium } from "./instance.ts";
import { passwordBytes } from "./passwords.ts";

/** An open PDF. Its file stays on the disk and is read piece by piece. */
export interface PdfDocument {
  handle: number;
  pages: number;
  encrypted: boolean;
  /** Its maker forbids copying text and images out of it, to whom has no owner password. */
  copyForbidden: boolean;
  /** Files inside, which are none of its pages. */
  attachments: number;
  /** Its pages stand in for a form that is made when it is opened (XFA). */
  isDynamicForm: boolean;
  close(): void;
}

/** `FPDF_GetLastError`. */
const PASSWORD_ERROR = 4;
/** Bit 5 of the user's permissions (ISO 32000-2, table 22). */
const MAY_COPY = 1 << 4;
/** `FPDF_GetFormType`: `FORMTYPE_XFA_FULL`. */
const XFA_FULL = 2;

/** Opens a PDF with none, or with the first of the passwords that fits. Throws `invalid_input`, or what the disk says. */
export function openPdf(
  pdfium: Pdfium,
  path: string,
  { passwords, fileBytes }: { passwords: readonly string[]; fileBytes: number },
): PdfDocument {
  const { call } = pdfium;
  const file = openSync(path, "r");
  let access: number | undefined;
  let read: number | undefined;
  const release = () => {
    closeSync(file);
    if (access !== undefined) call.free(access);
    if (read !== undefined) pdfium.forget(read);
  };
  try {
    const { size } = fstatSync(file);
    if (size > fileBytes) throw tooLarge(size, fileBytes);
    read = pdfium.pointerTo(readerOf(pdfium, file), "iiiii");
    access = call.malloc(12); // FPDF_FILEACCESS: length, function, its parameter
    const view = pdfium.view();
    view.setUint32(access, size, true);
    view.setUint32(access + 4, read, true);
    view.setUint32(access + 8, 0, true);
    const handle = load(pdfium, access, passwords);
    const pages = call.FPDF_GetPageCount(handle);
    if (pages === 0) {
      call.FPDF_CloseDocument(handle);
      throw withoutPages();
    }
    const revision = call.FPDF_GetSecurityHandlerRevision(handle);
    return {
      handle,
      pages,
      encrypted: revision >= 0,
      copyForbidden: revision >= 0 && (call.FPDF_GetDocPermissions(handle) & MAY_COPY) === 0,
      attachments: call.FPDFDoc_GetAttachmentCount(handle),
      isDynamicForm: call.FPDF_GetFormType(handle) === XFA_FULL,
      close: () => {
        call.FPDF_CloseDocument(handle);
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  }
}

function load(pdfium: Pdfium, access: number, passwords: readonly string[]): number {
  const { call } = pdfium;
  let handle = call.FPDF_LoadCustomDocument(access, 0);
  if (handle !== 0) return handle;
  if (call.FPDF_GetLastError() !== PASSWORD_ERROR) throw damagedPdf();
  for (const bytes of passwords.flatMap(passwordBytes)) {
    handle = borrow(pdfium, bytes.length + 1, (pointer) => {
      const memory = pdfium.bytes();
      memory.set(bytes, pointer);
      memory[pointer + bytes.length] = 0;
      return call.FPDF_LoadCustomDocument(access, pointer);
    });
    if (handle !== 0) return handle;
    if (call.FPDF_GetLastError() !== PASSWORD_ERROR) throw damagedPdf();
  }
  throw passwords.length > 0 ? noPasswordOpens() : encrypted();
}

/** Gives PDFium the bytes of a file that it asks for; 0 tells it that they cannot be had. */
function readerOf(pdfium: Pdfium, file: number) {
  return (_parameter = 0, position = 0, target = 0, count = 0): number => {
    try {
      for (let done = 0; done < count; ) {
        const got = readSync(file, pdfium.bytes(), target + done, count - done, (position >>> 0) + done);
        if (got === 0) return 0;
        done += got;
      }
      return 1;
    } catch {
      return 0;
    }
  };
}
