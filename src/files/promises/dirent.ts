/** A directory entry in the shape of node:fs' Dirent. */
import type { NodeKind } from "../../port/index.ts";
import { KindQuestions } from "./stats.ts";

export class Dirent extends KindQuestions {
  readonly name: string;
  /** The directory that was listed. */
  readonly parentPath: string;
  /** The same, by its older name. */
  readonly path: string;

  constructor(name: string, parentPath: string, kind: NodeKind) {
    super(kind);
    this.name = name;
    this.parentPath = parentPath;
    this.path = parentPath;
  }
}
