/** Why a piece of text is no row, for people: the row is rejected, the others go on. */
export class RowProblem extends Error {}
