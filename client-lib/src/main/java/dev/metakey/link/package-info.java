/**
 * The object linker: {@link dev.metakey.link.ObjectLinker} fills in the records of a compiled BPF
 * program, so that any loader can load it. Imports the client, the value types, the layout of a
 * record and atomic files.
 */
@NullMarked
package dev.metakey.link;

import org.jspecify.annotations.NullMarked;
