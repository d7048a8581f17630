import { signal } from "@preact/signals";
import { BASE, type Parameters, queryOf, urlOf } from "./url.ts";

/** Where the page is: all of its state that can be sent to a colleague. */
export interface Address {
  /** Below /ui, parts as they stand in the URL: `/page/aihub/a/raw/image/u…/0`. */
  path: string;
  query: URLSearchParams;
}

export const address = signal(read());

function read(): Address {
  const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : "";
  return { path: path.replace(/\/$/, "") || "/datasets", query: new URLSearchParams(location.search) };
}

/** Opens a view: as a step back and forward in the browser, or in place of this one. */
export function open(url: string, how: "step" | "replace" = "step"): void {
  if (url === location.pathname + location.search) return;
  if (how === "replace") history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  address.value = read();
}

/** This view with some of its parameters changed. */
export function change(parameters: Parameters, how: "step" | "replace" = "step"): void {
  const { path, query } = address.peek();
  const changed = new URLSearchParams(query);
  for (const name of Object.keys(parameters)) changed.delete(name);
  for (const [name, value] of queryOf(parameters)) changed.append(name, value);
  open(urlOf(path, changed), how);
}

/** Follows back and forward, and links of this page without loading it anew. */
export function followAddress(): void {
  addEventListener("popstate", () => {
    address.value = read();
  });
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a");
    if (link?.target !== "" || link.hasAttribute("download")) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || !url.pathname.startsWith(`${BASE}/`)) return;
    event.preventDefault();
    open(url.pathname + url.search);
  });
}
