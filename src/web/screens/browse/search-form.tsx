import { useRef } from "preact/hooks";
import { change } from "../../state/address.ts";
import type { RowSelection } from "../../state/selection.ts";
import { texts } from "../../texts/texts.ts";

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
      at: undefined,
    });
  };
  // Another address shows its own values.
  const key = JSON.stringify([selection.text, selection.column, selection.json_path, selection.ignore_case]);
  return (
    <form ref={form} class="search" role="search" onSubmit={submit} key={key}>
      <div class="search-line">
        <input
          type="search"
          name="text"
          defaultValue={selection.text}
          placeholder={search.placeholder}
          aria-label={search.label}
        />
        <button type="submit" class="primary">
          {search.submit}
        </button>
      </div>
      <details open={selection.column !== "" || selection.ignore_case}>
        <summary>{search.more}</summary>
        <label class="field">
          <span>{search.column}</span>
          <input name="column" defaultValue={selection.column} placeholder="label" spellcheck={false} />
        </label>
        <label class="field">
          <span>{search.path}</span>
          <input
            name="json_path"
            defaultValue={selection.json_path}
            placeholder="$.words.text"
            spellcheck={false}
          />
        </label>
        <label class="choice">
          <input type="checkbox" name="ignore_case" defaultChecked={selection.ignore_case} />
          <span>{search.ignoreCase}</span>
        </label>
      </details>
    </form>
  );
}
