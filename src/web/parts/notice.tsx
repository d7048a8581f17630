import type { ComponentChildren } from "preact";
import type { RequestFailure } from "../api/request.ts";
import { failureText } from "../texts/failure-text.ts";
import { texts } from "../texts/texts.ts";

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
  failure: RequestFailure;
  isPart?: boolean;
  onRetry?: () => void;
}

/** What went wrong, in the server's words, and a way on. */
export function Failure({ failure, isPart = false, onRetry }: FailureProps) {
  const { failed, retry } = texts();
  return (
    <div class="notice problem" role="alert" data-shown>
      <Title isPart={isPart}>{failed}</Title>
      <p>{failureText(failure)}</p>
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
