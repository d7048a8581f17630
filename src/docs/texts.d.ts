/** A page imported as text: its content, also inside the executable. */
declare module "*.md" {
  const text: string;
  export default text;
}
