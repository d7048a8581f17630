import type {
  AssetFinding,
  VerifyProgress,
  VerifyRequest,
  VerifySummary,
} from "../../../schema/verification.ts";
import { Progress } from "../../parts/progress.tsx";
import { may } from "../../state/session.ts";
import { formatNumber, formatTime, texts } from "../../texts/texts.ts";
import { Fact } from "./facts.tsx";
import type { LastRunState } from "./use-last-run.ts";

export interface Verified {
  summary: VerifySummary;
  findings: AssetFinding[];
}

/** The last check of assets, and a new one. */
export function VerifyCard({ run }: { run: LastRunState }) {
  const { operating, cancel } = texts();
  const { last, isLoaded, running, problem, begin, stop } = run;
  const { summary, findings } = (last?.result ?? {}) as Partial<Verified>;
  const progress = running?.progress as VerifyProgress | undefined;
  return (
    <section class="card">
      <h2>{operating.verify}</h2>
      <dl>
        <Fact name={operating.lastRun}>
          {last ? formatTime(last.finished_at) : isLoaded ? operating.never : "…"}
        </Fact>
        {last && summary && (
          <>
            <Fact name={operating.how}>
              {summary.hash ? operating.contents : operating.sizes}
              {summary.sample !== null && ` (${operating.share(formatShare(summary.sample))})`}
            </Fact>
            {isPartial(last.request as VerifyRequest) && (
              <Fact name={operating.scope}>{operating.partitionsOf(formatNumber(summary.partitions))}</Fact>
            )}
            <Fact name={operating.checked}>{formatNumber(summary.checked)}</Fact>
            <Fact name={operating.missing}>{formatNumber(summary.missing)}</Fact>
            <Fact name={operating.damaged}>{formatNumber(summary.corrupt)}</Fact>
          </>
        )}
      </dl>
      {summary &&
        (summary.missing + summary.corrupt === 0 ? (
          <p class="good">{operating.intact}</p>
        ) : (
          <ul class="findings">
            {findings?.map(({ path, problem: what }) => (
              <li key={path}>
                {operating.problems[what]}: <code>{path}</code>
              </li>
            ))}
          </ul>
        ))}
      {running ? (
        <>
          <Progress label={operating.verifying} done={progress?.done} total={progress?.total ?? undefined} />
          {may("curator") && (
            <button type="button" onClick={stop}>
              {cancel}
            </button>
          )}
        </>
      ) : (
        may("curator") && (
          <div class="bar">
            <button type="button" onClick={() => begin({})}>
              {operating.verifySizes}
            </button>
            <button type="button" onClick={() => begin({ hash: true })}>
              {operating.verifyContents}
            </button>
          </div>
        )
      )}
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}

function isPartial({ providers, datasets, tasks, variants }: Partial<VerifyRequest>): boolean {
  return [providers, datasets, tasks, variants].some((names) => (names?.length ?? 0) > 0);
}

function formatShare(share: number): string {
  return `${formatNumber(Math.round(share * 1000) / 10)} %`;
}
