/**
 * Files that other processes see: replaced in one step ({@link
 * dev.metakey.server.files.AtomicFile}), held by one daemon ({@link
 * dev.metakey.server.files.LockFile}). Imports nothing but the JDK.
 */
@NullMarked
package dev.metakey.server.files;

import org.jspecify.annotations.NullMarked;
