/** Screens of the navigation, in its order. */
export const SCREEN_LINKS = ["datasets", "browse", "compare", "statistics", "work", "operations"] as const;
