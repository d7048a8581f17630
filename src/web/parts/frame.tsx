import type { ComponentChildren } from "preact";
import { SCREEN_LINKS } from "../screens/links.ts";
import { address } from "../state/address.ts";
import { type Language, language } from "../state/preferences.ts";
import { logOut, session } from "../state/session.ts";
import { urlOf } from "../state/url.ts";
import { texts } from "../texts/texts.ts";
import { runningUpload } from "../upload/running.ts";
import { Preferences } from "./preferences.tsx";

/** How much of the upload that this tab sends has arrived: it goes on while one looks elsewhere. */
function SentShare() {
  const way = runningUpload.value?.way;
  if (way === undefined || !("total" in way) || way.total === 0) return null;
  return <span class="count"> {Math.floor((100 * way.done) / way.total)} %</span>;
}

/** Not of the page: the server has it as documents. */
function manualUrl(wanted: Language): string {
  return `/ui/manual/${wanted === "ko" ? "ko/" : ""}overview`;
}

/** Head and navigation around a screen. */
export function Frame({ children }: { children: ComponentChildren }) {
  const t = texts();
  const who = session.value;
  const current = address.value.path.split("/")[1];
  return (
    <div class="frame">
      <a class="skip" href="#main">
        {t.skip}
      </a>
      <header class="head">
        <a class="lake" href={urlOf("/datasets")} title={who?.lake}>
          {who?.lake}
        </a>
        <nav aria-label={t.navigation}>
          <ul>
            {SCREEN_LINKS.map((name) => (
              <li key={name}>
                <a href={urlOf(`/${name}`)} aria-current={current === name ? "page" : undefined}>
                  {t[name]}
                  {name === "work" && <SentShare />}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <div class="aside">
          {who?.login === "done" && (
            <span class="who">
              {who.name}
              <button type="button" class="plain" onClick={() => void logOut()}>
                {t.logOut}
              </button>
            </span>
          )}
          <a href={manualUrl(language.value)} target="_blank" rel="noreferrer">
            {t.manual}
          </a>
          <Preferences />
        </div>
      </header>
      {children}
    </div>
  );
}
