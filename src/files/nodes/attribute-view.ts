/**
 * The attributes that programs see: the store's, with the size, times and storage of bytes that it has not accepted yet
 * put before them. A clean file's view is the store's own object; a dirty file's view is made once for each change.
 */
import type { Attributes } from "../../port/index.ts";
import type { VolumeNode } from "./volume-node.ts";

const blockBytes = 512;

export function attributeView(node: VolumeNode): Attributes {
  const { attributes, space, view } = node;
  if (space === undefined) return attributes;
  const size = space.size;
  const modifyTimeNs = space.modifyTimeNs;
  if (size === attributes.size && modifyTimeNs === undefined) return attributes;
  const modified = modifyTimeNs ?? attributes.modifyTimeNs;
  const blocks = attributes.blocks + Math.ceil(space.dirtyBytes / blockBytes);
  if (
    view !== undefined &&
    node.viewBase === attributes &&
    view.size === size &&
    view.modifyTimeNs === modified &&
    view.blocks === blocks
  ) {
    return view;
  }
  const changedLater = attributes.changeTimeNs > modified;
  const changeTimeNs = changedLater ? attributes.changeTimeNs : modified;
  const made: Attributes = { ...attributes, size, blocks, modifyTimeNs: modified, changeTimeNs };
  node.view = made;
  node.viewBase = attributes;
  return made;
}
