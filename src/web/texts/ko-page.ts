export const page = { page: "페이지" };
