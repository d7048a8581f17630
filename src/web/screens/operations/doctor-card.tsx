import type { DoctorReport } from "../../../schema/doctor.ts";
import { Told } from "../../parts/told.tsx";
import { texts } from "../../texts/texts.ts";
import { RunCard } from "./run-card.tsx";
import type { LastRunState } from "./use-last-run.ts";

/** What the doctor found last, and a new examination; for administrators. */
export function DoctorCard({ run }: { run: LastRunState }) {
  const { operating } = texts();
  const { last, running } = run;
  const checks = (last?.result as DoctorReport | undefined)?.checks ?? [];
  const findings = checks.filter(({ status }) => status !== "ok");
  const progress = running?.progress as { done: number; total?: number; label: string } | null | undefined;
  return (
    <RunCard
      title={operating.doctor}
      run={run}
      progress={{
        label: `${operating.examining} ${progress?.label ?? ""}`,
        done: progress?.done,
        total: progress?.total,
      }}
      mayRun
      ways={[
        [operating.examine, {}],
        [operating.examineFull, { full: true }],
      ]}
    >
      {last && findings.length === 0 && <p class="good">{operating.healthy}</p>}
      {findings.length > 0 && (
        <ul class="findings">
          {findings.map(({ name, status, message, advice }) => (
            <li key={`${name} ${message}`}>
              <span class={`state ${status === "problem" ? "failed" : "pending"}`}>
                {operating.severities[status]}
              </span>{" "}
              <strong>{name}</strong> <Told sentence={message} />
              {advice !== undefined && (
                <p class="advice">
                  → <Told sentence={advice} />
                </p>
              )}
            </li>
          ))}
        </ul>
      )}
      {checks.length > 0 && (
        <details>
          <summary>{operating.allChecks}</summary>
          <ul class="checks">
            {checks.map(({ name, status, message }) => (
              <li key={`${name} ${message}`}>
                {status === "ok" ? "✓" : "✗"} <strong>{name}</strong> <Told sentence={message} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </RunCard>
  );
}
