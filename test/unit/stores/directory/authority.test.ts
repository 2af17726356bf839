/** Who decides: the kernel where the server can act as the credential, the mode bits where it cannot. */
import { chmodSync, chownSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { posixCredential, superuser } from "../../../../src/port/index.ts";
import { changeExtendedAttribute } from "../../../../src/system/index.ts";
import { asOrdinaryUser, ordinaryUser } from "../../../contract/ordinary-user.ts";
import { callOf, codeOf, isRoot, readText, scratchStore, self } from "./scratch-store.ts";

const alice = callOf(posixCredential(41001, 41001));
const bob = callOf(posixCredential(41002, 41002));
const writing = { read: false, write: true, execute: false };

/** An access control list: everyone reads, user 41002 does nothing (the kernel's format, version 2). */
function listAgainst(uid: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(4 + 5 * 8));
  bytes.setUint32(0, 2, true);
  const entries = [
    [0x01, 6, 0xffffffff],
    [0x02, 0, uid],
    [0x04, 4, 0xffffffff],
    [0x10, 4, 0xffffffff],
    [0x20, 4, 0xffffffff],
  ] as const;
  for (const [at, [tag, permissions, id]] of entries.entries()) {
    bytes.setUint16(4 + at * 8, tag, true);
    bytes.setUint16(6 + at * 8, permissions, true);
    bytes.setUint32(8 + at * 8, id, true);
  }
  return new Uint8Array(bytes.buffer);
}

/** One capability for whoever runs the program (vfs_cap_data, revision 2). */
const rights: Uint8Array = Buffer.from("0100000200200000000000000000000000000000", "hex");

describe.skipIf(!isRoot)("a directory store that runs as root (needs root)", () => {
  it("obeys access control lists", async (context) => {
    const { store, root, inside } = await scratchStore();
    const path = join(inside, "f");
    writeFileSync(path, "x");
    chmodSync(path, 0o644);
    const name = Buffer.from("system.posix_acl_access\0");
    if (changeExtendedAttribute(Buffer.from(`${path}\0`), name, listAgainst(bob.credential.uid), 0) < 0) {
      context.skip("the file system has no access control lists");
    }
    const { node } = await store.lookup(root, "f", alice);
    expect(await readText(store, node, alice)).toBe("x");
    expect(await codeOf(readText(store, node, bob))).toBe("EACCES");
  });

  it("[G15] shows and gives nobody but the superuser what only the superuser may change", async (context) => {
    const { store, root, inside } = await scratchStore();
    chmodSync(inside, 0o777);
    writeFileSync(join(inside, "theirs"), "x");
    const value = Buffer.from("x");
    const { node } = await store.createFile(root, "f", 0o666, alice);
    const theirs = (await store.lookup(root, "theirs", alice)).node;
    const own = callOf(superuser);
    if ((await codeOf(store.setExtendedAttribute(node, "trusted.a", value, "any", own))) === "ENOTSUP") {
      context.skip("the file system has no extended attributes");
    }
    for (const of of [node, theirs]) {
      expect(await codeOf(store.setExtendedAttribute(of, "trusted.a", value, "any", alice))).toBe("EPERM");
      expect(await codeOf(store.setExtendedAttribute(of, "security.a", value, "any", alice))).toBe("EPERM");
      expect(await codeOf(store.setExtendedAttribute(of, "security.capability", rights, "any", alice))).toBe("EPERM");
    }
    expect(await codeOf(store.removeExtendedAttribute(node, "trusted.a", alice))).toBe("EPERM");
    expect(await codeOf(store.getExtendedAttribute(node, "trusted.a", alice))).toBe("ENODATA");
    expect(await store.listExtendedAttributes(node, alice)).toEqual([]);
    expect(await store.listExtendedAttributes(node, own)).toEqual(["trusted.a"]);
  });

  it("lets whoever may write to a program take away the rights that it lends, as a write does", async (context) => {
    const { store, root, inside } = await scratchStore();
    chmodSync(inside, 0o777);
    const { node } = await store.createFile(root, "f", 0o744, alice);
    const capabilities = "security.capability";
    if ((await codeOf(store.setExtendedAttribute(node, capabilities, rights, "any", callOf(superuser)))) !== "none") {
      context.skip("the file system has no capabilities");
    }
    expect(await codeOf(store.removeExtendedAttribute(node, capabilities, bob))).toBe("EACCES");
    expect(await codeOf(store.removeExtendedAttribute(node, capabilities, alice))).toBe("none");
    expect(await store.listExtendedAttributes(node, alice)).toEqual([]);
  });

  it("[G15] leaves a right to write that an access control list, set through it, would not give", async (context) => {
    const { store, root, inside } = await scratchStore();
    chmodSync(inside, 0o777);
    const { node } = await store.createFile(root, "f", 0o444, alice);
    await store.hold(node, writing, alice);
    const list = listAgainst(bob.credential.uid);
    list[6] = 4;
    list[4 + 3 * 8 + 2] = 6;
    const name = "system.posix_acl_access";
    if ((await codeOf(store.setExtendedAttribute(node, name, list, "any", alice))) === "ENOTSUP") {
      context.skip("the file system has no access control lists");
    }
    expect((await store.getAttributes(node, alice)).mode & 0o777).toBe(0o464);
    expect(await codeOf(store.write(node, 0, [Buffer.from("x")], undefined, alice))).toBe("none");
    await store.release(node, writing, alice);
  });

  it("[G15] lets the maker of a file in whatever its mode is, and not when somebody else has changed that since", async () => {
    const { store, root, inside } = await scratchStore();
    chmodSync(inside, 0o777);
    const own = await store.createFile(root, "own", 0o000, alice);
    expect(await codeOf(store.hold(own.node, writing, alice))).toBe("none");
    const given = await store.createFile(root, "given", 0o600, alice);
    chownSync(join(inside, "given"), bob.credential.uid, bob.credential.gid);
    expect(await codeOf(store.hold(given.node, writing, alice))).toBe("EACCES");
    expect(await codeOf(store.hold(given.node, writing, bob))).toBe("none");
  });

  it("has its own identity back after every call, also after those that fail", async () => {
    const { store, root, inside } = await scratchStore();
    chmodSync(inside, 0o777);
    for (let at = 0; at < 10; at++) {
      await store.createFile(root, `a${at}`, 0o600, alice);
      await codeOf(store.createFile(root, `a${at}`, 0o600, bob));
      const path = join(inside, `own${at}`);
      writeFileSync(path, "");
      expect(statSync(path).uid).toBe(0);
    }
  });

  it("asks for a credential's groups only where they matter", async () => {
    const { store, root, inside } = await scratchStore();
    chmodSync(inside, 0o700);
    chownSync(inside, 41001, 41001);
    let asked = 0;
    const lazy = callOf({
      id: "lazy",
      uid: 41001,
      gid: 41001,
      get groups() {
        asked++;
        return [];
      },
    });
    writeFileSync(join(inside, "f"), "x");
    const { node } = await store.lookup(root, "f", lazy);
    await store.getAttributes(node, lazy);
    expect(asked).toBe(0);
  });
});

asOrdinaryUser(() => {
  const own = callOf(posixCredential(ordinaryUser.uid, ordinaryUser.gid));

  it("acts as itself, and makes nothing in the name of others", async () => {
    const { store, root, inside } = await scratchStore();
    chmodSync(inside, 0o777);
    const { attributes } = await store.createFile(root, "mine", 0o644, own);
    expect(attributes.uid).toBe(ordinaryUser.uid);
    for (const other of [alice, callOf(superuser)]) {
      expect(await codeOf(store.createFile(root, "theirs", 0o644, other))).toBe("EACCES");
      expect(await codeOf(store.makeDirectory(root, "theirs", 0o755, other))).toBe("EACCES");
    }
  });

  it("applies the mode bits to others", async () => {
    const { store, root } = await scratchStore();
    const open = await store.createFile(root, "open", 0o644, own);
    const closed = await store.createFile(root, "closed", 0o600, own);
    const hidden = await store.makeDirectory(root, "hidden", 0o700, own);
    await store.write(open.node, 0, [Buffer.from("x")], undefined, own);
    expect(await readText(store, open.node, alice)).toBe("x");
    expect(await codeOf(store.hold(open.node, writing, alice))).toBe("EACCES");
    expect(await codeOf(readText(store, closed.node, alice))).toBe("EACCES");
    expect(await codeOf(store.lookup(hidden.node, "x", alice))).toBe("EACCES");
    expect(await codeOf(store.list(hidden.node, alice))).toBe("EACCES");
    expect(await codeOf(store.remove(root, "open", alice))).toBe("EACCES");
    expect(await codeOf(store.setAttributes(open.node, { mode: 0o777 }, alice))).toBe("EPERM");
    expect(self.credential.uid).toBe(isRoot ? 0 : ordinaryUser.uid);
  });

  it("[G15] lets nobody but the owner set an access control list", async () => {
    const { store, root } = await scratchStore();
    const { node } = await store.createFile(root, "f", 0o666, own);
    const list = listAgainst(bob.credential.uid);
    const name = "system.posix_acl_access";
    expect(await codeOf(store.setExtendedAttribute(node, name, list, "any", alice))).toBe("EPERM");
    expect(await codeOf(store.removeExtendedAttribute(node, name, alice))).toBe("EPERM");
    expect((await store.getAttributes(node, own)).mode & 0o777).toBe(0o666);
  });

  it("cannot give files away", async () => {
    const { store, root } = await scratchStore();
    const { node } = await store.createFile(root, "f", 0o644, own);
    expect(await codeOf(store.setAttributes(node, { uid: 1 }, own))).toBe("EPERM");
    expect(await codeOf(store.setAttributes(node, { uid: 1 }, callOf(superuser)))).toBe("EPERM");
  });
});
