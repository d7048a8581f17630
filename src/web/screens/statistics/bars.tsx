import { useState } from "preact/hooks";
import { formatNumber, texts } from "../../texts/texts.ts";

export interface BarsProps {
  title: string;
  bars: readonly { name: string; count: number }[];
  /** Names are where ranges begin. */
  isRange?: boolean;
  /** In place of a name that is empty. */
  empty?: string;
  /** What a bar leads to. */
  urlOf?(name: string): string | undefined;
}

const SHOWN = 12;

/** How often values occur, as bars beside their names. */
export function Bars({ title, bars, isRange = false, empty = "—", urlOf }: BarsProps) {
  const { facets } = texts();
  const [isOpen, setOpen] = useState(false);
  const [used, from] = isRange ? trim(bars) : [bars, 0];
  const most = Math.max(1, ...used.map(({ count }) => count));
  if (used.every(({ count }) => count === 0)) return null;
  const shown = isOpen || isRange ? used : used.slice(0, SHOWN);
  return (
    <section class="chart">
      <h2>{title}</h2>
      <ul>
        {shown.map(({ name, count }, at) => {
          const url = urlOf?.(name);
          const text = isRange ? rangeText(bars, from + at) : name || empty;
          return (
            <li key={name}>
              <span class="name" title={text}>
                {url ? <a href={url}>{text}</a> : text}
              </span>
              <span class="track" aria-hidden="true">
                <span style={{ width: `${(count / most) * 100}%` }} />
              </span>
              <span class="count">{formatNumber(count)}</span>
            </li>
          );
        })}
      </ul>
      {used.length > SHOWN && !isRange && (
        <button type="button" class="plain" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? facets.fewer : facets.more(formatNumber(used.length - SHOWN))}
        </button>
      )}
    </section>
  );
}

/** Without the empty ranges at both ends. */
function trim(bars: BarsProps["bars"]): [used: BarsProps["bars"], from: number] {
  const first = bars.findIndex(({ count }) => count > 0);
  const last = bars.findLastIndex(({ count }) => count > 0);
  return first < 0 ? [[], 0] : [bars.slice(first, last + 1), first];
}

function rangeText(bars: BarsProps["bars"], at: number): string {
  const from = Number(bars[at]?.name);
  const next = bars[at + 1];
  if (next === undefined) return `≥ ${formatNumber(from)}`;
  const to = Number(next.name);
  const isWhole = bars.every(({ name }) => Number.isInteger(Number(name)));
  if (!isWhole) return `${formatNumber(from)}–${formatNumber(to)}`;
  return to - 1 === from ? formatNumber(from) : `${formatNumber(from)}–${formatNumber(to - 1)}`;
}
