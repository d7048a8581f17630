import type { UiFile } from "./ui-file.ts";

/** The files of the page. This module is of running from the sources: the build puts one with embedded files in its place. */
export async function loadUi(): Promise<UiFile[]> {
  const { bundleUi } = await import("./bundle.ts");
  return bundleUi();
}
