import type { ComponentChildren } from "preact";
import { FailureText } from "../../parts/failure-text.tsx";
import { Progress } from "../../parts/progress.tsx";
import { formatTime, texts } from "../../texts/texts.ts";
import { Fact } from "./facts.tsx";
import type { LastRunState } from "./use-last-run.ts";

export interface RunCardProps {
  title: string;
  run: LastRunState;
  /** Of the last run, beside when it was. */
  facts?: ComponentChildren;
  /** What it found. */
  children: ComponentChildren;
  /** Of the run that is going on. */
  progress: { label: string; done: number | undefined; total: number | null | undefined };
  mayRun: boolean;
  /** The ways to run it: what each is called, and its request. */
  ways: readonly [name: string, request: object][];
}

/** The last run of a check of the lake, and a new one. */
export function RunCard({ title, run, facts, children, progress, mayRun, ways }: RunCardProps) {
  const { operating, cancel } = texts();
  const { last, isLoaded, running, problem, begin, stop } = run;
  const { label, done, total } = progress;
  return (
    <section class="card">
      <h2>{title}</h2>
      <dl>
        <Fact name={operating.lastRun}>
          {last ? formatTime(last.finished_at) : isLoaded ? operating.never : "…"}
        </Fact>
        {facts}
      </dl>
      {children}
      {running && <Progress label={label} done={done} total={total ?? undefined} />}
      {mayRun && (
        <div class="bar">
          {running ? (
            <button type="button" onClick={stop}>
              {cancel}
            </button>
          ) : (
            ways.map(([name, request]) => (
              <button key={name} type="button" onClick={() => begin(request)}>
                {name}
              </button>
            ))
          )}
        </div>
      )}
      {problem && (
        <p class="problem" role="alert">
          <FailureText failure={problem} />
        </p>
      )}
    </section>
  );
}
