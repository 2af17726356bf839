/**
 * Mistakes to break the code with: each names the id whose tests must see it, the file of those tests, and the one place of
 * the source that is changed.
 */
export const plants = [];
