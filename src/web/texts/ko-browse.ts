/** Filled by the screens. */
export const browse = {};
