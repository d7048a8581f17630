import { signal } from "@preact/signals";

/** How often labels were counted since the page was opened: rows can then be found by what they hold. */
export const countings = signal(0);
