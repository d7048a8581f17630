import type { RequestFailure } from "../api/request.ts";
import { language } from "../state/preferences.ts";
import { texts } from "../texts/texts.ts";

/** What the server says of a failure, be it an answer or a part of one. */
export type ToldFailure = Pick<RequestFailure, "code" | "message">;

/** What went wrong and what to do, in the language of the page by its code; then the server's sentence, in English. */
export function FailureText({ failure: { code, message } }: { failure: ToldFailure }) {
  const { failed, failures, unreachable } = texts();
  if (code === "unreachable") return unreachable;
  if (message === "") return failures[code] ?? failed;
  return (
    <>
      {language.value !== "en" && <span>{Object.hasOwn(failures, code) ? failures[code] : failed}</span>}
      <span class="server-says" lang="en">
        {message}
      </span>
    </>
  );
}
