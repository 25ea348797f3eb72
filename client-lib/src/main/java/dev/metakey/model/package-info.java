/**
 * The value types that daemon, client and CLI share; {@link dev.metakey.model.Snapshot} is the
 * registry at one revision. Imports nothing but the JDK.
 */
@NullMarked
package dev.metakey.model;

import org.jspecify.annotations.NullMarked;
