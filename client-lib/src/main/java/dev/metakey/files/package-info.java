/**
 * Files that other processes see: {@link dev.metakey.files.AtomicFile} replaces them in one step.
 * Imports nothing but the JDK.
 */
@NullMarked
package dev.metakey.files;

import org.jspecify.annotations.NullMarked;
