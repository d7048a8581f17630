import { useLayoutEffect, useRef } from "preact/hooks";
import { useShortcuts } from "../../parts/use-shortcuts.ts";
import { change } from "../../state/address.ts";
import { hasWords, type RowSelection } from "../../state/selection.ts";
import { texts } from "../../texts/texts.ts";

/** The cell of the grid that keys act on. */
const CELL = ".grid [data-focus][tabindex='0']";

/** Text search over the selection. */
export function SearchForm({ selection }: { selection: RowSelection }) {
  const { search } = texts();
  const form = useRef<HTMLFormElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const data = new FormData(form.current as HTMLFormElement);
    const value = (name: string) => String(data.get(name) ?? "").trim();
    change({
      text: value("text"),
      column: value("column"),
      json_path: value("column") === "" ? undefined : value("json_path"),
      ignore_case: data.has("ignore_case") ? "true" : undefined,
      each_word: data.has("each_word") && hasWords(value("text")) ? "true" : undefined,
      at: undefined,
    });
  };
  // Another address shows its own values.
  const { text, column, json_path: path, ignore_case: ignoresCase } = selection;
  const isEachWord = selection.each_word || !hasWords(text);
  useLayoutEffect(() => form.current?.reset(), [text, column, path, ignoresCase, isEachWord]);
  useShortcuts({ "/": () => form.current?.querySelector("input")?.focus() });
  const onKeyDown = (event: KeyboardEvent) => {
    const cell = event.key === "ArrowDown" && document.querySelector<HTMLElement>(CELL);
    if (!cell) return;
    event.preventDefault();
    cell.focus();
  };
  return (
    <form ref={form} class="search" role="search" onSubmit={submit}>
      <div class="search-line">
        <input
          type="search"
          name="text"
          defaultValue={text}
          title="/"
          placeholder={search.placeholder}
          aria-label={search.label}
          onKeyDown={onKeyDown}
        />
        <button type="submit" class="primary">
          {search.submit}
        </button>
      </div>
      <details open={column !== "" || ignoresCase || !isEachWord}>
        <summary>{search.more}</summary>
        <label class="field">
          <span>{search.column}</span>
          <input name="column" defaultValue={column} placeholder="label" spellcheck={false} />
        </label>
        <label class="field">
          <span>{search.path}</span>
          <input name="json_path" defaultValue={path} placeholder="$.words.text" spellcheck={false} />
        </label>
        <label class="choice">
          <input type="checkbox" name="each_word" defaultChecked={isEachWord} />
          <span>{search.eachWord}</span>
        </label>
        <label class="choice">
          <input type="checkbox" name="ignore_case" defaultChecked={ignoresCase} />
          <span>{search.ignoreCase}</span>
        </label>
      </details>
    </form>
  );
}
