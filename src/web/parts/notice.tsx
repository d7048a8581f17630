import type { ComponentChildren } from "preact";
import type { RequestFailure } from "../api/request.ts";
import { texts } from "../texts/texts.ts";

export function Loading() {
  return (
    <p class="notice quiet" role="status">
      {texts().loading}
    </p>
  );
}

/** What went wrong, in the server's words, and a way on. */
export function Failure({ failure, onRetry }: { failure: RequestFailure; onRetry?: () => void }) {
  const { failed, unreachable, retry } = texts();
  return (
    <div class="notice problem" role="alert" data-shown>
      <strong>{failed}</strong>
      <p>{failure.code === "unreachable" ? unreachable : failure.message}</p>
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {retry}
        </button>
      )}
    </div>
  );
}

/** Says that there is nothing, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="notice" data-shown>
      <strong>{title}</strong>
      {children}
    </div>
  );
}
