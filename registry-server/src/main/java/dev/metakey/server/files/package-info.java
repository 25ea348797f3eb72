/**
 * Files that belong to one daemon: {@link dev.metakey.server.files.LockFile} holds them for it, and
 * {@link dev.metakey.server.files.TrustedDirectory} checks that nobody else can change them.
 * Imports nothing but the JDK.
 */
@NullMarked
package dev.metakey.server.files;

import org.jspecify.annotations.NullMarked;
