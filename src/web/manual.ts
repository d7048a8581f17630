/** A page of the manual has the theme that was chosen on the page. Before it is drawn: it would flash otherwise. */
import { remembered } from "./state/memory.ts";

document.documentElement.dataset.theme = remembered("theme", ["light", "dark"]) ?? "auto";
