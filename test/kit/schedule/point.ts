/**
 * The places where a schedule decides. Every `await` of src/cache and src/files is rewritten (tools/simulate/instrument.js)
 * to wait at a point with a name, "cache/writeback/pass.ts:57 writebackPass: pageUnlocked": file, line, function, and what is
 * awaited. While a scheduler runs, what was awaited may be there and the code still does not go on before it is its turn;
 * otherwise a point lets everything through. Test code has points of its own by calling `point`.
 */

/** Who decides while it is installed: a `Scheduler`. */
export interface PointKeeper {
  /** The actor on whose behalf code runs now. */
  readonly actor: string;
  point<Value>(value: Value, name: string): Promise<Awaited<Value>>;
  /** A function that runs as the actor that called this. */
  asActor(callback: () => void): () => void;
}

let keeper: PointKeeper | undefined;

/** Makes all points wait for this keeper's word. One at a time. */
export function install(next: PointKeeper): void {
  if (keeper !== undefined) throw new Error("a scheduler is running already: end its run first");
  keeper = next;
}

export function uninstall(): void {
  keeper = undefined;
}

/** Who runs now; undefined when no scheduler does. */
export function runningActor(): string | undefined {
  return keeper?.actor;
}

/** A callback that will run as whoever makes it now. */
export function asRunningActor(callback: () => void): () => void {
  return keeper === undefined ? callback : keeper.asActor(callback);
}

/** What `await` gets instead of `value`. */
export function point<Value>(value: Value, name: string): Value | Promise<Awaited<Value>> {
  return keeper === undefined ? value : keeper.point(value, name);
}

/** What `for await` gets instead of `source`: each of its items comes through a point. */
export function points<Item>(source: Items<Item>, name: string): Items<Item> {
  if (keeper === undefined) return source;
  return {
    [Symbol.asyncIterator]: (): AsyncIterator<Item> => {
      const inner = iteratorOf(source);
      const iterator: AsyncIterator<Item> = {
        next: async () => {
          const { done, value } = await (point(inner.next(), name) as ReturnType<typeof inner.next>);
          return done === true ? { done, value: undefined } : { done: false, value: await value };
        },
      };
      if (inner.return !== undefined) {
        iterator.return = async () => {
          await point(inner.return?.(), `${name} left`);
          return { done: true, value: undefined };
        };
      }
      return iterator;
    },
  };
}

type Items<Item> = AsyncIterable<Item> | Iterable<Item | PromiseLike<Item>>;

function iteratorOf<Item>(source: Items<Item>): AsyncIterator<Item> | Iterator<Item | PromiseLike<Item>> {
  const asyncIterator = (source as Partial<AsyncIterable<Item>>)[Symbol.asyncIterator];
  if (asyncIterator !== undefined) return asyncIterator.call(source);
  return (source as Iterable<Item | PromiseLike<Item>>)[Symbol.iterator]();
}

/** What `await using` gets instead of `resource`: after letting it go there is a point, too. */
export function held<Resource extends Partial<AsyncDisposable> | null | undefined>(
  resource: Resource,
  name: string,
): Resource {
  if (keeper === undefined || resource === null || resource === undefined) return resource;
  const dispose = resource[Symbol.asyncDispose];
  if (dispose === undefined) return resource;
  resource[Symbol.asyncDispose] = () => Promise.resolve(point(dispose.call(resource), `${name} let go`));
  return resource;
}
