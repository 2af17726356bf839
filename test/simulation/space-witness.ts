/** Listens in on what address spaces tell their observers, of every cache in the process; one listener at a time. */
import { PageCache, type SpaceObserver } from "../../src/cache/index.ts";
import type { NodeId } from "../../src/port/index.ts";

type Listen = (node: NodeId, observer: SpaceObserver) => SpaceObserver;

let listen: Listen = (_node, observer) => observer;

/** From now on each new space has the observer that is answered, instead of the one that was asked for. */
export function observeSpaces(listener: Listen): void {
  listen = listener;
}

const createSpace = PageCache.prototype.createSpace;
PageCache.prototype.createSpace = function (this: PageCache, node, attributes, observer) {
  return createSpace.call(this, node, attributes, listen(node, observer));
};
