import { texts } from "../../texts/texts.ts";
import { isRejectLimit } from "./questions.ts";

export interface RejectLimitFieldProps {
  value: string;
  /** Where a dialog begins. */
  isFirst?: boolean;
  onValue(value: string): void;
}

/** How many rows of an upload may be rejected: a number, or a share of them. */
export function RejectLimitField({ value, isFirst = false, onValue }: RejectLimitFieldProps) {
  const { working } = texts();
  return (
    <label class="field">
      <span>{working.maxRejects}</span>
      <input
        value={value}
        autofocus={isFirst}
        placeholder="1%"
        spellcheck={false}
        aria-invalid={!isRejectLimit(value)}
        onInput={({ currentTarget }) => onValue(currentTarget.value)}
      />
      {!isRejectLimit(value) && <span class="problem">{working.maxRejectsWrong}</span>}
    </label>
  );
}
