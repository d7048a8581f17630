export const page = { page: "Page" };
