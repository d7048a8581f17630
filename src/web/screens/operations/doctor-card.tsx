import type { DoctorReport } from "../../../schema/doctor.ts";
import { Progress } from "../../parts/progress.tsx";
import { formatTime, texts } from "../../texts/texts.ts";
import { Fact } from "./facts.tsx";
import type { LastRunState } from "./use-last-run.ts";

/** What the doctor found last, and a new examination; for administrators. */
export function DoctorCard({ run }: { run: LastRunState }) {
  const { operating, cancel } = texts();
  const { last, isLoaded, running, problem, begin, stop } = run;
  const checks = (last?.result as DoctorReport | undefined)?.checks ?? [];
  const findings = checks.filter(({ status }) => status !== "ok");
  const progress = running?.progress as { done: number; total?: number; label: string } | null | undefined;
  return (
    <section class="card doctor">
      <h2>{operating.doctor}</h2>
      <dl>
        <Fact name={operating.lastRun}>
          {last ? formatTime(last.finished_at) : isLoaded ? operating.never : "…"}
        </Fact>
      </dl>
      {last && findings.length === 0 && <p class="good">{operating.healthy}</p>}
      {findings.length > 0 && (
        <ul class="findings">
          {findings.map(({ name, status, message, advice }) => (
            <li key={`${name} ${message}`}>
              <span class={`state ${status === "problem" ? "failed" : "pending"}`}>
                {operating.severities[status]}
              </span>{" "}
              <strong>{name}</strong> {message}
              {advice !== undefined && <p class="quiet">→ {advice}</p>}
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
                {status === "ok" ? "✓" : "✗"} <strong>{name}</strong> {message}
              </li>
            ))}
          </ul>
        </details>
      )}
      {running ? (
        <>
          <Progress
            label={`${operating.examining} ${progress?.label ?? ""}`}
            done={progress?.done}
            total={progress?.total}
          />
          <button type="button" onClick={stop}>
            {cancel}
          </button>
        </>
      ) : (
        <div class="bar">
          <button type="button" onClick={() => begin({})}>
            {operating.examine}
          </button>
          <button type="button" onClick={() => begin({ full: true })}>
            {operating.examineFull}
          </button>
        </div>
      )}
      {problem !== undefined && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </section>
  );
}
