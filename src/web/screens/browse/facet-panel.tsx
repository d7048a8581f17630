import { useState } from "preact/hooks";
import { change } from "../../state/address.ts";
import type { Facet } from "../../state/selection.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import type { FacetValue } from "./facets.ts";

const SHOWN = 12;

export interface FacetPanelProps {
  facet: Facet;
  values: readonly FacetValue[];
  /** Not of rows that are searched for, which nobody has counted. */
  hasCounts: boolean;
}

/** The values of one facet, to be chosen. */
export function FacetPanel({ facet, values, hasCounts }: FacetPanelProps) {
  const { facets } = texts();
  const [filter, setFilter] = useState("");
  const [isOpen, setOpen] = useState(false);
  const wanted = filter.normalize("NFC").toLowerCase();
  const fitting = values.filter(({ name }) => name.normalize("NFC").toLowerCase().includes(wanted));
  const shown = isOpen ? fitting.slice(0, 500) : fitting.slice(0, SHOWN);
  const toggle = (name: string) => {
    const chosen = values
      .filter((value) => value.isChosen !== (value.name === name))
      .map((value) => value.name);
    change({ [facet]: chosen, at: undefined });
  };
  return (
    <fieldset class="facet">
      <legend>{facets[facet]}</legend>
      {values.length > SHOWN && (
        <input
          type="search"
          value={filter}
          placeholder={facets.filter}
          aria-label={`${facets[facet]}: ${facets.filter}`}
          onInput={({ currentTarget }) => setFilter(currentTarget.value)}
        />
      )}
      {shown.map(({ name, rows, isChosen }) => (
        <label key={name} class="choice">
          <input type="checkbox" checked={isChosen} onChange={() => toggle(name)} />
          <span class="name">{name}</span>
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
