/**
 * Files that other processes see: {@link dev.metakey.files.AtomicFile} replaces them in one step,
 * {@link dev.metakey.files.PathText} checks paths that people give, and {@link
 * dev.metakey.files.Failure} says what went wrong. Imports the JDK and the value types.
 */
@NullMarked
package dev.metakey.files;

import org.jspecify.annotations.NullMarked;
