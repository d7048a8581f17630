import type { ComponentChildren } from "preact";
import { texts } from "../texts/texts.ts";
import { FailureText, type ToldFailure } from "./failure-text.tsx";

export function Loading() {
  return (
    <p class="notice quiet" role="status">
      {texts().loading}
    </p>
  );
}

/** The heading of the screen, unless the notice is a part of one that has its own. */
function Title({ isPart, children }: { isPart: boolean; children: string }) {
  return isPart ? <strong>{children}</strong> : <h1>{children}</h1>;
}

export interface FailureProps {
  failure: ToldFailure;
  isPart?: boolean;
  onRetry?: () => void;
}

/** What went wrong, and a way on. */
export function Failure({ failure, isPart = false, onRetry }: FailureProps) {
  const { failed, retry } = texts();
  return (
    <div class="notice problem" role="alert" data-shown>
      <Title isPart={isPart}>{failed}</Title>
      <p>
        <FailureText failure={failure} />
      </p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {retry}
        </button>
      )}
    </div>
  );
}

export interface EmptyProps {
  title: string;
  isPart?: boolean;
  children?: ComponentChildren;
}

/** Says that there is nothing, and what to do. */
export function Empty({ title, isPart = false, children }: EmptyProps) {
  return (
    <div class="notice" data-shown>
      <Title isPart={isPart}>{title}</Title>
      {children}
    </div>
  );
}
