import { useEffect, useState } from "preact/hooks";
import type { StatisticsDocument } from "../../../schema/page-documents.ts";
import { useOperation } from "../../api/use-operation.ts";
import { Failure } from "../../parts/notice.tsx";
import { Progress } from "../../parts/progress.tsx";
import { address } from "../../state/address.ts";
import { versions } from "../../state/changes.ts";
import { countings } from "../../state/countings.ts";
import { readSelection, selectionBody } from "../../state/selection.ts";
import { formatNumber, texts } from "../../texts/texts.ts";

/** Counts what the labels of the selected partitions hold: at once, or when that is asked for. */
export function CountLabels({ rows, isAtOnce = false }: { rows?: number; isAtOnce?: boolean }) {
  const { counting } = texts();
  const [isAsked, setAsked] = useState(false);
  const { providers, datasets, tasks, variants } = selectionBody(readSelection(address.value.query));
  const { result, failure, progress } = useOperation<StatisticsDocument>(
    "statistics",
    isAsked || isAtOnce ? { providers, datasets, tasks, variants } : undefined,
    `${versions.value.generation} ${countings.value}`,
  );
  useEffect(() => {
    if (result === undefined) return;
    setAsked(false);
    countings.value++;
  }, [result]);
  if (failure) return <Failure failure={failure} isPart={rows !== undefined} />;
  return (
    <div class="count-labels">
      {isAsked || isAtOnce ? (
        <Progress label={counting.running} done={progress?.rows_done} total={progress?.rows_total} />
      ) : (
        <>
          <p class="quiet">{counting.uncounted(formatNumber(rows ?? 0))}</p>
          <button type="button" onClick={() => setAsked(true)}>
            {counting.start}
          </button>
        </>
      )}
    </div>
  );
}
