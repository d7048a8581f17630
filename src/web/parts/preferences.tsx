import {
  chooseLanguage,
  chooseTheme,
  LANGUAGES,
  type Language,
  language,
  THEMES,
  type Theme,
  theme,
} from "../state/preferences.ts";
import { texts } from "../texts/texts.ts";

const NAMES: Record<Language, string> = { ko: "한국어", en: "English" };

/** Switches of language and theme. */
export function Preferences() {
  const t = texts();
  return (
    <div class="preferences">
      <select
        aria-label={t.language}
        value={language.value}
        onChange={({ currentTarget }) => chooseLanguage(currentTarget.value as Language)}
      >
        {LANGUAGES.map((one) => (
          <option key={one} value={one} lang={one}>
            {NAMES[one]}
          </option>
        ))}
      </select>
      <select
        aria-label={t.theme}
        value={theme.value}
        onChange={({ currentTarget }) => chooseTheme(currentTarget.value as Theme)}
      >
        {THEMES.map((one) => (
          <option key={one} value={one}>
            {t.themes[one]}
          </option>
        ))}
      </select>
    </div>
  );
}
