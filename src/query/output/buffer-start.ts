/** Holds back the first `holdBytes`, so that an early failure can be reported before anything is sent. */
export async function bufferStart(
  chunks: AsyncIterable<Uint8Array>,
  holdBytes: number,
): Promise<AsyncIterableIterator<Uint8Array>> {
  const iterator = chunks[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let ended = false;
  while (heldBytes < holdBytes) {
    const next = await iterator.next();
    if (next.done) {
      ended = true;
      break;
    }
    held.push(next.value);
    heldBytes += next.value.byteLength;
  }
  const rest = (async function* () {
    try {
      for (let chunk = held.shift(); chunk !== undefined; chunk = held.shift()) yield chunk;
      while (!ended) {
        const next = await iterator.next();
        if (next.done) return;
        yield next.value;
      }
    } finally {
      await iterator.return?.();
    }
  })();
  const handedOn: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]: () => handedOn,
    next: () => rest.next(),
    // A generator that never started does not run its `finally`.
    return: async () => {
      await rest.return(undefined);
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
  return handedOn;
}
