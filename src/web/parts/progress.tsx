import { formatNumber, texts } from "../texts/texts.ts";

/** How far something has come; with nothing known of it, that it runs. */
export function Progress({
  label,
  done,
  total,
}: {
  label: string;
  done?: number | undefined;
  total?: number | undefined;
}) {
  const isKnown = total !== undefined && total > 0;
  return (
    <div class="progress" role="status">
      <span>
        {label}
        {isKnown && ` ${texts().of(formatNumber(done ?? 0), formatNumber(total))}`}
      </span>
      <progress aria-label={label} max={isKnown ? total : 1} value={isKnown ? done : undefined} />
    </div>
  );
}
