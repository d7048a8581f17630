import type {
  AssetFinding,
  VerifyProgress,
  VerifyRequest,
  VerifySummary,
} from "../../../schema/verification.ts";
import { may } from "../../state/session.ts";
import { formatNumber, texts } from "../../texts/texts.ts";
import { Fact } from "./facts.tsx";
import { RunCard } from "./run-card.tsx";
import type { LastRunState } from "./use-last-run.ts";

export interface Verified {
  summary: VerifySummary;
  findings: AssetFinding[];
}

/** The last check of assets, and a new one. */
export function VerifyCard({ run }: { run: LastRunState }) {
  const { operating } = texts();
  const { last, running } = run;
  const { summary, findings } = (last?.result ?? {}) as Partial<Verified>;
  const progress = running?.progress as VerifyProgress | undefined;
  return (
    <RunCard
      title={operating.verify}
      run={run}
      facts={
        last &&
        summary && (
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
        )
      }
      progress={{ label: operating.verifying, done: progress?.done, total: progress?.total }}
      mayRun={may("curator")}
      ways={[
        [operating.verifySizes, {}],
        [operating.verifyContents, { hash: true }],
      ]}
    >
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
    </RunCard>
  );
}

function isPartial({ providers, datasets, tasks, variants }: Partial<VerifyRequest>): boolean {
  return [providers, datasets, tasks, variants].some((names) => (names?.length ?? 0) > 0);
}

function formatShare(share: number): string {
  return `${formatNumber(Math.round(share * 1000) / 10)} %`;
}
