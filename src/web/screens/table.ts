import type { ComponentType } from "preact";
import { BrowseScreen } from "./browse/browse.tsx";
import { DatasetsScreen } from "./datasets/datasets.tsx";
import { PageScreen } from "./page/page.tsx";

export interface Screen {
  /** Also of its title among the texts. */
  name: "datasets" | "browse" | "page" | "compare" | "statistics" | "work" | "operations";
  View: ComponentType;
}

/** By the first part of the path. */
const SCREENS: readonly Screen[] = [
  { name: "datasets", View: DatasetsScreen },
  { name: "browse", View: BrowseScreen },
  { name: "page", View: PageScreen },
];

export function screenOf(path: string): Screen | undefined {
  const name = path === "/login" ? "datasets" : path.split("/")[1];
  return SCREENS.find((screen) => screen.name === name);
}
