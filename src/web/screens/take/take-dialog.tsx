import { useState } from "preact/hooks";
import { useDocument } from "../../api/use-document.ts";
import { Copyable } from "../../parts/copyable.tsx";
import { Dialog } from "../../parts/dialog.tsx";
import { readSelection } from "../../state/selection.ts";
import { session } from "../../state/session.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import {
  downloadCommand,
  pythonLines,
  ROW_FORMATS,
  rowsCommand,
  rowsPython,
  type TakeWishes,
} from "./commands.ts";
import { PrepareExport } from "./prepare-export.tsx";
import { readShares } from "./split.ts";

/** The part of /openapi.json that lists the formats of this server. */
interface ApiDescription {
  paths: Record<string, { post: { requestBody: { content: Record<string, { schema: unknown }> } } }>;
}

export interface TakeDialogProps {
  /** The selection as a query. */
  wanted: string;
  total: number;
  /** Keys of single rows. */
  chosen: ReadonlySet<string>;
  onClose(): void;
}

/** How to take what is seen: as a training set, by a command, in Python, or prepared here. */
export function TakeDialog({ wanted, total, chosen, onClose }: TakeDialogProps) {
  const { taking } = texts();
  const [isWhole, setWhole] = useState(chosen.size === 0);
  const [format, setFormat] = useState("dataset");
  const [split, setSplit] = useState("train=0.9,val=0.1");
  const [output, setOutput] = useState("training-set");
  const formats = formatsOf(useDocument<ApiDescription>("/openapi.json").value);
  const isSplit = !ROW_FORMATS.includes(format);
  const shares = split.trim() === "" ? {} : readShares(split);
  const needsToken = session.value?.login === "done";
  const wishes: TakeWishes = {
    server: location.origin,
    format,
    split: split.trim(),
    output: output.trim() || "training-set",
    needsToken,
  };
  const selection = readSelection(new URLSearchParams(wanted));
  const keys = [...chosen];
  return (
    <Dialog title={taking.heading} onClose={onClose}>
      <div class="take">
        {chosen.size > 0 && (
          <fieldset class="line">
            <legend>{taking.what}</legend>
            <label class="choice">
              <input type="radio" name="what" checked={isWhole} onChange={() => setWhole(true)} />
              <span>{taking.whole}</span>
              <span class="count">{formatNumber(total)}</span>
            </label>
            <label class="choice">
              <input type="radio" name="what" checked={!isWhole} onChange={() => setWhole(false)} />
              <span>{taking.onlyChosen}</span>
              <span class="count">{formatNumber(chosen.size)}</span>
            </label>
          </fieldset>
        )}
        <p class="quiet">{isWhole ? taking.lead(formatNumber(total)) : taking.leadChosen}</p>
        {isWhole && (
          <div class="fields">
            <label class="field">
              <span>{taking.format}</span>
              <select value={format} onChange={({ currentTarget }) => setFormat(currentTarget.value)}>
                {formats.map((name) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            <label class="field">
              <span>{taking.name}</span>
              <input
                value={output}
                spellcheck={false}
                onInput={({ currentTarget }) => setOutput(currentTarget.value)}
              />
            </label>
            {isSplit && (
              <label class="field wide">
                <span>{taking.split}</span>
                <input
                  value={split}
                  spellcheck={false}
                  aria-invalid={shares === undefined}
                  onInput={({ currentTarget }) => setSplit(currentTarget.value)}
                />
                <span class={shares === undefined ? "problem" : "quiet"}>
                  {shares === undefined ? taking.splitWrong : taking.splitHint}
                </span>
              </label>
            )}
          </div>
        )}
        <h3>{taking.command}</h3>
        <Copyable
          label={taking.command}
          text={isWhole ? downloadCommand(selection, wishes) : rowsCommand(keys, wishes)}
        />
        <h3>{taking.python}</h3>
        <Copyable
          label={taking.python}
          text={isWhole ? pythonLines(format, wishes.output) : rowsPython(keys, wishes)}
        />
        {isWhole && shares !== undefined && (
          <PrepareExport
            key={`${format} ${split}`}
            query={selection}
            format={format}
            samples={isSplit ? { ...(split.trim() !== "" && { split: shares }) } : undefined}
          />
        )}
      </div>
    </Dialog>
  );
}

function formatsOf(api: ApiDescription | undefined): readonly string[] {
  const schema = api?.paths["/exports"]?.post.requestBody.content["application/json"]?.schema;
  return findEnum(schema) ?? [...ROW_FORMATS, "coco"];
}

/** The names of `format`, wherever they stand in the schema of a request that may be wrapped. */
function findEnum(schema: unknown): string[] | undefined {
  if (typeof schema !== "object" || schema === null) return undefined;
  const { properties } = schema as { properties?: { format?: { enum?: string[] } } };
  if (properties?.format?.enum) return properties.format.enum;
  for (const part of Object.values(schema)) {
    const found = findEnum(part);
    if (found) return found;
  }
  return undefined;
}
