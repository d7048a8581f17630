/**
 * Loaded before every test file. When a test fails and what it cleans up with `using` fails too, the runtime throws a
 * SuppressedError without a message: this gives it both reasons, the test's own first.
 */
const told = (thrown: unknown) =>
  thrown instanceof Error ? (thrown.stack ?? String(thrown)) : String(thrown);

Object.defineProperty(SuppressedError.prototype, "message", {
  configurable: true,
  get(this: SuppressedError) {
    return `${told(this.suppressed)}\nand then, in cleaning up: ${told(this.error)}`;
  },
});
