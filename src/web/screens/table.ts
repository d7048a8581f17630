import type { ComponentType } from "preact";
import { BrowseScreen } from "./browse/browse.tsx";
import { CompareScreen } from "./compare/compare.tsx";
import { DatasetsScreen } from "./datasets/datasets.tsx";
import { OperationsScreen } from "./operations/operations.tsx";
import { PageScreen } from "./page/page.tsx";
import { StatisticsScreen } from "./statistics/statistics.tsx";
import { WorkScreen } from "./work/work.tsx";

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
  { name: "compare", View: CompareScreen },
  { name: "statistics", View: StatisticsScreen },
  { name: "work", View: WorkScreen },
  { name: "operations", View: OperationsScreen },
];

export function screenOf(path: string): Screen | undefined {
  const name = path === "/login" ? "datasets" : path.split("/")[1];
  return SCREENS.find((screen) => screen.name === name);
}
