/** Filled by the screens. */
export const work = {};
