import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { PageDocument, PageRegion } from "../../../schema/page-documents.ts";
import { CopyButton } from "../../parts/copyable.tsx";
import { findInJson } from "../../text/match.ts";
import { formatNumber, texts } from "../../texts/texts.ts";

export interface JsonPanelProps {
  column: PageDocument["columns"][number] | undefined;
  isCut: boolean;
  regions: readonly PageRegion[];
  active: number | undefined;
}

/** The label as it is stored, with the place of the chosen region. */
export function JsonPanel({ column, isCut, regions, active }: JsonPanelProps) {
  const { viewing } = texts();
  const value = column?.value ?? null;
  const json = useMemo(() => (value === null ? "" : indent(value)), [value]);
  const chosen = active === undefined ? undefined : regions[active];
  const place = useMemo(() => {
    const text = chosen?.text;
    if (active === undefined || text === null || text === undefined || text === "") return undefined;
    return findInJson(json, text, regions.slice(0, active).filter((one) => one.text === text).length);
  }, [json, active]);
  const mark = useRef<HTMLElement>(null);
  useLayoutEffect(() => mark.current?.scrollIntoView({ block: "center" }), [place]);
  if (value === null) return <p class="quiet">{viewing.noLabel}</p>;
  const [start, end] = place ?? [json.length, json.length];
  return (
    <div class="json">
      <p class="quiet">
        {isCut ? viewing.cut(formatNumber(value.length)) : column?.name}{" "}
        <CopyButton text={value} label={viewing.json} />
      </p>
      <pre role="region" tabIndex={0} aria-label={viewing.json}>
        {json.slice(0, start)}
        {place && <mark ref={mark}>{json.slice(start, end)}</mark>}
        {json.slice(end)}
      </pre>
    </div>
  );
}

/** With line breaks; as it is where it is no JSON, or cut. */
function indent(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
