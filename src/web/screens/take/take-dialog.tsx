import { useState } from "preact/hooks";
import type { StatisticsDocument } from "../../../schema/page-documents.ts";
import type { Loaded } from "../../api/use-document.ts";
import { useStatistics } from "../../api/use-statistics.ts";
import { Copyable } from "../../parts/copyable.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { FileLink } from "../../parts/file-link.tsx";
import { choice } from "../../state/choice.ts";
import { readSelection } from "../../state/selection.ts";
import { session } from "../../state/session.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import {
  downloadCommand,
  KEYS_FILE,
  keysText,
  MAX_WRITTEN_KEYS,
  PROMPT_FORMATS,
  ROW_FORMATS,
  type Taken,
  type TakeWishes,
} from "./commands.ts";
import { PrepareExport } from "./prepare-export.tsx";
import { pythonLines } from "./python-lines.ts";
import { readShares, selectionOfKeys, suggestShares } from "./split.ts";
import { TakeFields, type TakeFieldValues } from "./take-fields.tsx";

export interface TakeDialogProps {
  /** The selection as a query. */
  wanted: string;
  total: number;
  /** Of all that is selected. */
  statistics: Loaded<StatisticsDocument>;
  onClose(): void;
}

/** How to take what is seen or ticked: as a training set, by a command, in Python, or prepared here. */
export function TakeDialog({ wanted, total, statistics, onClose }: TakeDialogProps) {
  const { taking } = texts();
  const keys = [...choice.value];
  const [isWhole, setWhole] = useState(keys.length === 0);
  const ofKeys = useStatistics(isWhole ? undefined : selectionOfKeys(keys));
  const counted = isWhole ? statistics : ofKeys;
  const [typed, setTyped] = useState<Partial<TakeFieldValues>>({});
  const values: TakeFieldValues = {
    ...{ format: "dataset", prompt: "", output: "training-set" },
    split: suggestShares(counted.isLoading || counted.failure ? undefined : counted.value),
    ...typed,
  };
  const { format, prompt } = values;
  const split = values.split.trim();
  const shares = split === "" ? {} : readShares(split);
  const wishes: TakeWishes = {
    ...values,
    server: location.origin,
    split,
    output: values.output.trim() || "training-set",
    needsToken: session.value?.login === "done",
  };
  const taken: Taken = isWhole ? { selection: readSelection(new URLSearchParams(wanted)) } : { keys };
  const samples = {
    ...(split !== "" && shares && { split: shares }),
    ...(prompt !== "" && PROMPT_FORMATS.includes(format) && { prompt }),
  };
  const isOfRows = ROW_FORMATS.includes(format);
  return (
    <Dialog title={taking.heading} onClose={onClose}>
      <div class="take">
        {keys.length > 0 ? (
          <fieldset class="line">
            <legend>{taking.what}</legend>
            {[true, false].map((whole) => (
              <label key={String(whole)} class="choice">
                <input
                  type="radio"
                  name="what"
                  checked={isWhole === whole}
                  onChange={() => setWhole(whole)}
                />
                <span>{whole ? taking.whole : taking.onlyChosen}</span>
                <span class="count">{formatNumber(whole ? total : keys.length)}</span>
              </label>
            ))}
          </fieldset>
        ) : (
          <p class="quiet">{taking.lead(formatNumber(total))}</p>
        )}
        <TakeFields
          values={values}
          onChange={(changed) => setTyped({ ...typed, ...changed })}
          isSplitWrong={shares === undefined}
        />
        {(isOfRows || shares !== undefined) && (
          <PrepareExport
            key={`${isWhole} ${format} ${split} ${prompt}`}
            taken={taken}
            format={format}
            name={wishes.output}
            samples={isOfRows ? undefined : samples}
          />
        )}
        <h3>{taking.command}</h3>
        {!isWhole && keys.length > MAX_WRITTEN_KEYS && (
          <p class="quiet">
            {taking.keysHint} <FileLink name={KEYS_FILE} text={keysText(keys)} />
          </p>
        )}
        <Copyable label={taking.command} text={downloadCommand(taken, wishes)} />
        <h3>{taking.python}</h3>
        <Copyable
          label={taking.python}
          text={pythonLines(format, wishes.output, Object.keys(shares ?? {})[0])}
        />
      </div>
    </Dialog>
  );
}
