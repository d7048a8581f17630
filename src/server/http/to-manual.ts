/** Where a browser shows a page of the manual; `vary` names the headers that chose it. */
export function toManual(path: string, vary?: string): Response {
  const headers = { location: `/ui/manual/${path}`, ...(vary !== undefined && { vary }) };
  return new Response(null, { status: 302, headers });
}

/** To the first page of the manual, in the language of the browser. */
export function toOverview({ headers }: Request, vary: string): Response {
  const isKorean = /^\s*ko\b/i.test(headers.get("accept-language") ?? "");
  return toManual(`${isKorean ? "ko/" : ""}overview`, vary);
}
