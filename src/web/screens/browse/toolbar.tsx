import { address, change } from "../../state/address.ts";
import { choice, clearChoice, MAX_CHOSEN } from "../../state/choice.ts";
import { readSelection, selectionQuery } from "../../state/selection.ts";
import { urlOf } from "../../state/url.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { FilterChips } from "./filter-chips.tsx";
import { SortChoice } from "./sort-choice.tsx";
import type { Chooser } from "./use-chooser.ts";

export interface ToolbarProps {
  total: number;
  active: number;
  /** Why rows were not ticked. */
  problem: Chooser["problem"];
  onTake(): void;
}

/** How many rows there are, a jump to any of them, and what can be done with them. */
export function Toolbar({ total, active, problem, onTake }: ToolbarProps) {
  const { browsing, statistics, failed } = texts();
  const chosen = choice.value;
  const selection = readSelection(address.value.query);
  const query = selectionQuery(selection);
  const jump = (event: Event) => {
    event.preventDefault();
    const input = (event.currentTarget as HTMLFormElement).elements.namedItem("place") as HTMLInputElement;
    const place = Math.min(total, Math.max(1, Math.floor(Number(input.value)) || 1));
    change({ at: place === 1 ? undefined : place - 1 }, "replace");
  };
  return (
    <div class="bar toolbar">
      <h1>{browsing.found(formatNumber(total))}</h1>
      {total > 0 && (
        <form class="jump" onSubmit={jump}>
          <label>
            {browsing.jump}{" "}
            <input
              key={active}
              name="place"
              type="number"
              min="1"
              max={total}
              defaultValue={String(active + 1)}
            />
          </label>
          <button type="submit">{browsing.go}</button>
        </form>
      )}
      {chosen.size > 0 && (
        <span class="quiet" role="status">
          {browsing.chosen(formatNumber(chosen.size))}
          <button type="button" class="plain" onClick={clearChoice}>
            {browsing.clear}
          </button>
        </span>
      )}
      {problem && (
        <span class="problem" role="alert">
          {problem === "failed" ? failed : browsing.tooMany(formatNumber(MAX_CHOSEN))}
        </span>
      )}
      <SortChoice />
      <span class="push" />
      <a href={`${urlOf("/statistics")}${query && `?${query}`}`}>{statistics}</a>
      <button type="button" class="primary" disabled={total === 0 && chosen.size === 0} onClick={onTake}>
        {chosen.size > 0 ? browsing.takeChosen : browsing.take}
      </button>
      <FilterChips where={selection.where} />
    </div>
  );
}
