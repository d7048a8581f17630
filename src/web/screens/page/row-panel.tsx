import type { PageDocument } from "../../../schema/page-documents.ts";
import { urlOf } from "../../state/url.ts";
import { texts } from "../../texts/texts.ts";
import { CompareLinks } from "./compare-links.tsx";

const SHOWN_CHARS = 2000;

/** The row: its own columns, and the rows of other variants that show the same page. */
export function RowPanel({ page }: { page: PageDocument }) {
  const { viewing } = texts();
  const { columns, others } = page;
  return (
    <div class="row">
      {others.length > 0 && (
        <>
          <h2>{viewing.others}</h2>
          <ul>
            {others.map((other) => (
              <li key={other.key}>
                <a href={urlOf(`/page/${other.key}`)}>
                  {other.task}/{other.variant}
                </a>
                {other.source_name !== page.source_name && ` ${other.source_name ?? viewing.unnamed}`}
              </li>
            ))}
          </ul>
        </>
      )}
      <p class="compare-links">
        <CompareLinks page={page} />
      </p>
      <h2>{viewing.columns}</h2>
      <dl>
        <div>
          <dt>upload_id</dt>
          <dd>{page.upload_id ?? "—"}</dd>
        </div>
        <div>
          <dt>source_row</dt>
          <dd>{page.source_row ?? "—"}</dd>
        </div>
        {columns.map(({ name, type, value }) => (
          <div key={name}>
            <dt>
              {name} <span class="quiet">{type}</span>
            </dt>
            <dd>
              {value === null ? <span class="quiet">NULL</span> : value.slice(0, SHOWN_CHARS)}
              {value !== null && value.length > SHOWN_CHARS && "…"}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
