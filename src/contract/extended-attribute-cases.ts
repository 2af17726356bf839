/** Extended attributes, where the store has them; ENOTSUP where it has not. */
import { type ContractStep, contractCase, promised, twoUsers } from "./contract-case.ts";
import { expect, expectEqual, expectFailure } from "./expectation.ts";
import { bytesOf } from "./stage.ts";

export const extendedAttributeCases: readonly ContractStep[] = [
  contractCase("what was set is read, listed and removed", [promised("extendedAttributes")], async (stage) => {
    const { store, owner } = stage;
    const node = await stage.file("f");
    const value = Uint8Array.of(0, 255, 10, 0, 65);
    await store.setExtendedAttribute(node, "user.a", value, "any", owner);
    await store.setExtendedAttribute(node, "user.b", new Uint8Array(0), "any", owner);
    expectEqual(await store.getExtendedAttribute(node, "user.a", owner), value, "value");
    expectEqual(await store.getExtendedAttribute(node, "user.b", owner), new Uint8Array(0), "empty value");
    const names = await store.listExtendedAttributes(node, owner);
    expect(names.includes("user.a") && names.includes("user.b"), `both names are listed in ${names.join(" ")}`);
    await store.removeExtendedAttribute(node, "user.a", owner);
    await expectFailure(store.getExtendedAttribute(node, "user.a", owner), "ENODATA", "value after removal");
    await expectFailure(store.removeExtendedAttribute(node, "user.a", owner), "ENODATA", "second removal");
  }),
  contractCase("create and replace look at what is there", [promised("extendedAttributes")], async (stage) => {
    const { store, owner } = stage;
    const node = await stage.file("f");
    const replace = store.setExtendedAttribute(node, "user.a", bytesOf("1"), "replace", owner);
    await expectFailure(replace, "ENODATA", "replace of nothing");
    await store.setExtendedAttribute(node, "user.a", bytesOf("1"), "create", owner);
    const create = store.setExtendedAttribute(node, "user.a", bytesOf("2"), "create", owner);
    await expectFailure(create, "EEXIST", "create of something");
    await store.setExtendedAttribute(node, "user.a", bytesOf("3"), "replace", owner);
    expectEqual(await store.getExtendedAttribute(node, "user.a", owner), bytesOf("3"), "value");
  }),
  contractCase(
    "a directory has attributes too, and a mere name has none",
    [promised("extendedAttributes")],
    async (stage) => {
      const { store, owner } = stage;
      const directory = await stage.directory("d");
      await store.setExtendedAttribute(directory, "user.a", bytesOf("d"), "any", owner);
      expectEqual(await store.getExtendedAttribute(directory, "user.a", owner), bytesOf("d"), "value");
      const unknown = store.setExtendedAttribute(directory, "nonsense", bytesOf("d"), "any", owner);
      await expectFailure(unknown, ["ENOTSUP", "EPERM"], "a name without a name space");
    },
  ),
  contractCase("the mode bits protect attributes", [promised("extendedAttributes"), twoUsers], async (stage) => {
    const { store, owner, stranger } = stage;
    const node = await stage.file("f", "", 0o644);
    await store.setExtendedAttribute(node, "user.a", bytesOf("1"), "any", owner);
    expectEqual(await store.getExtendedAttribute(node, "user.a", stranger), bytesOf("1"), "value for a reader");
    const change = store.setExtendedAttribute(node, "user.a", bytesOf("2"), "any", stranger);
    await expectFailure(change, "EACCES", "change by a reader");
    await store.setAttributes(node, { mode: 0o600 }, owner);
    await expectFailure(store.getExtendedAttribute(node, "user.a", stranger), "EACCES", "value for a stranger");
  }),
  contractCase("a store without attributes says ENOTSUP", [promised("extendedAttributes", false)], async (stage) => {
    const { store, root, owner } = stage;
    await expectFailure(store.getExtendedAttribute(root, "user.a", owner), "ENOTSUP", "get");
    await expectFailure(store.setExtendedAttribute(root, "user.a", bytesOf("1"), "any", owner), "ENOTSUP", "set");
  }),
];
