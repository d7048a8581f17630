import { language } from "../state/preferences.ts";
import { inKorean } from "../texts/told/told.ts";

/** A sentence of the server: in the language of the page where it is known, then in English. */
export function Told({ sentence }: { sentence: string }) {
  const said = language.value === "ko" ? inKorean(sentence) : undefined;
  if (said === undefined) return <span lang="en">{sentence}</span>;
  return (
    <>
      <span>{said}</span>
      <span class="server-says quiet" lang="en">
        {sentence}
      </span>
    </>
  );
}
