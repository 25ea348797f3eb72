/**
 * Byte layouts that the daemon writes and clients and C programs read: {@link
 * dev.metakey.layout.RegistryFile} is {@code registry.bin}; its two structs are the values of the
 * pinned maps too. Imports the JDK and the value types.
 */
@NullMarked
package dev.metakey.layout;

import org.jspecify.annotations.NullMarked;
