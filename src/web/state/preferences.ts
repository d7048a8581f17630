import { effect, signal } from "@preact/signals";
import { remember, remembered } from "./memory.ts";

export const LANGUAGES = ["ko", "en"] as const;
export type Language = (typeof LANGUAGES)[number];
export const THEMES = ["auto", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

export const language = signal<Language>(
  remembered("language", LANGUAGES) ??
    navigator.languages.map((tag) => LANGUAGES.find((one) => tag.startsWith(one))).find(Boolean) ??
    "en",
);
export const theme = signal<Theme>(remembered("theme", THEMES) ?? "auto");

/** Keeps the document and this browser's memory in step with what is chosen. */
export function followPreferences(): void {
  effect(() => {
    document.documentElement.lang = language.value;
  });
  effect(() => {
    document.documentElement.dataset.theme = theme.value;
  });
}

export function chooseLanguage(chosen: Language): void {
  language.value = chosen;
  remember("language", chosen);
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  remember("theme", chosen);
}
