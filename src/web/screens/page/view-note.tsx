import type { PageDocument } from "../../../schema/page-documents.ts";
import { Copyable } from "../../parts/copyable.tsx";
import { formatNumber, texts } from "../../texts/texts.ts";
import { quoteShell } from "../take/commands.ts";

const SHOWN_FAULTS = 20;

/** How sure one can be of what is drawn: by whose view, as a guess, and what did not fit. */
export function ViewNote({ page, hasColumn }: { page: PageDocument; hasColumn: boolean }) {
  const { viewing } = texts();
  const { label, provider, dataset, task } = page;
  if (label === null && page.cut.length > 0) return <p class="note">{viewing.tooLarge}</p>;
  if (label === null) return hasColumn && task !== "raw" ? <p class="note">{viewing.noView}</p> : null;
  const path = /^at (.+)$/s.exec(label.view)?.[1];
  const command = `datalake view detect --provider ${quoteShell(provider)} --dataset ${quoteShell(dataset)} --task ${quoteShell(task)}`;
  return (
    <>
      {label.is_guess && (
        <details class="note guess">
          <summary>{path === undefined ? viewing.guess(label.view) : viewing.guessAt(path)}</summary>
          <p>{viewing.guessHint}</p>
          <Copyable label={viewing.command} text={command} />
        </details>
      )}
      {label.faults.length > 0 && (
        <details class="note">
          <summary>{viewing.faults(formatNumber(label.faults.length))}</summary>
          <ul>
            {label.faults.slice(0, SHOWN_FAULTS).map(({ kind, at, message }) => (
              <li key={`${kind} ${at}`}>
                <code>{at}</code> {message}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}
