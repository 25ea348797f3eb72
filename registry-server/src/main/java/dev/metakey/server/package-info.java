/**
 * {@code metakeyd}: {@link dev.metakey.server.Main} reads what it is told, {@link
 * dev.metakey.server.Daemon} wires the parts. The only package that sees all of them.
 */
@NullMarked
package dev.metakey.server;

import org.jspecify.annotations.NullMarked;
