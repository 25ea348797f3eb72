/**
 * Files that belong to one daemon: {@link dev.metakey.server.files.LockFile} holds them for it.
 * Imports nothing but the JDK.
 */
@NullMarked
package dev.metakey.server.files;

import org.jspecify.annotations.NullMarked;
