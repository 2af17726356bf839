/** How a mistake is written down: the id whose tests must see it, what it is, the places that change, and those tests. */
export const unit = (path) => `test/unit/${path}.test.ts`;
export const integration = (path) => `test/integration/${path}.test.ts`;
export const race = (path) => `test/races/${path}.test.ts`;
export const cache = (path) => `src/cache/${path}.ts`;

/** A mistake in one place. */
export const plant = (id, what, path, find, replace, test) => ({ id, what, edits: [{ path, find, replace }], test });
