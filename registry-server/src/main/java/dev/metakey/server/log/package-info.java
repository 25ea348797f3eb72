/**
 * What the daemon writes to its log: an {@link dev.metakey.server.log.Event} says what happened,
 * {@link dev.metakey.server.log.Logging} sends it to standard error. Imports nothing but the JDK
 * and the value types.
 */
@NullMarked
package dev.metakey.server.log;

import org.jspecify.annotations.NullMarked;
