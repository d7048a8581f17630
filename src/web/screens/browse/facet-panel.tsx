import { useState } from "preact/hooks";
import { formatNumber, texts } from "../../texts/texts.ts";
import type { FacetValue } from "./facets.ts";

const SHOWN = 12;
const MOST = 500;

export interface FacetPanelProps {
  title: string;
  values: readonly FacetValue[];
  /** How a value is called; by itself without. */
  textOf?(name: string): string;
  /** Rows of each value are known. */
  hasCounts: boolean;
  onToggle(name: string): void;
}

/** The values of one facet, to be chosen. */
export function FacetPanel({ title, values, textOf = String, hasCounts, onToggle }: FacetPanelProps) {
  const { facets } = texts();
  const [filter, setFilter] = useState("");
  const [isOpen, setOpen] = useState(false);
  const wanted = filter.normalize("NFC").toLowerCase();
  const fitting = values.filter(({ name }) => textOf(name).normalize("NFC").toLowerCase().includes(wanted));
  const shown = fitting.slice(0, isOpen ? MOST : SHOWN);
  return (
    <fieldset class="facet">
      <legend>{title}</legend>
      {values.length > SHOWN && (
        <input
          type="search"
          value={filter}
          placeholder={facets.filter}
          aria-label={`${title}: ${facets.filter}`}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
      )}
      {shown.map(({ name, rows, isChosen }) => (
        <label key={name} class="choice">
          <input type="checkbox" checked={isChosen} onChange={() => onToggle(name)} />
          <span class="name">{textOf(name)}</span>
          {hasCounts && <span class="count">{formatNumber(rows)}</span>}
        </label>
      ))}
      {fitting.length > SHOWN && (
        <button type="button" class="plain" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? facets.fewer : facets.more(formatNumber(fitting.length - SHOWN))}
        </button>
      )}
    </fieldset>
  );
}
