import { formatNumber, texts } from "../texts/texts.ts";

/** How far something has come; with nothing known of it, that it runs. */
export function Progress({
  label,
  done,
  total,
  format = formatNumber,
}: {
  label: string;
  done?: number | undefined;
  total?: number | undefined;
  format?(value: number): string;
}) {
  const isKnown = total !== undefined && total > 0;
  return (
    <div class="progress" role="status">
      <span>
        {label}
        {isKnown && ` ${texts().of(format(done ?? 0), format(total))}`}
      </span>
      <progress aria-label={label} max={isKnown ? total : 1} value={isKnown ? done : undefined} />
    </div>
  );
}
