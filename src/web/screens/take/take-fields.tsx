import { texts } from "../../texts/texts.ts";
import { PROMPT_FORMATS, ROW_FORMATS, type TakeWishes } from "./commands.ts";
import { useKnownChoices } from "./known-choices.ts";

export type TakeFieldValues = Pick<TakeWishes, "format" | "split" | "prompt" | "output">;

export interface TakeFieldsProps {
  values: TakeFieldValues;
  onChange(changed: Partial<TakeFieldValues>): void;
  isSplitWrong: boolean;
}

/** Format and name of the output; its parts and the prompt where the format has such. */
export function TakeFields({ values, onChange, isSplitWrong }: TakeFieldsProps) {
  const { taking } = texts();
  const { formats, prompts } = useKnownChoices();
  const { format, split, prompt, output } = values;
  return (
    <div class="fields">
      <label class="field">
        <span>{taking.format}</span>
        <select
          autofocus
          value={format}
          onChange={({ currentTarget }) => onChange({ format: currentTarget.value })}
        >
          {formats.map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
        <span class="quiet">{taking.formats[format] ?? ""}</span>
      </label>
      <label class="field">
        <span>{taking.name}</span>
        <input
          value={output}
          spellcheck={false}
          onInput={({ currentTarget }) => onChange({ output: currentTarget.value })}
        />
      </label>
      {!ROW_FORMATS.includes(format) && (
        <label class="field wide">
          <span>{taking.split}</span>
          <input
            value={split}
            spellcheck={false}
            aria-invalid={isSplitWrong}
            onInput={({ currentTarget }) => onChange({ split: currentTarget.value })}
          />
          <span class={isSplitWrong ? "problem" : "quiet"}>
            {isSplitWrong ? taking.splitWrong : taking.splitHint}
          </span>
        </label>
      )}
      {PROMPT_FORMATS.includes(format) && (
        <label class="field wide">
          <span>{taking.prompt}</span>
          <select value={prompt} onChange={({ currentTarget }) => onChange({ prompt: currentTarget.value })}>
            <option value="">{taking.promptDefault}</option>
            {prompts.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
          <span class="quiet">{taking.promptHint}</span>
        </label>
      )}
    </div>
  );
}
