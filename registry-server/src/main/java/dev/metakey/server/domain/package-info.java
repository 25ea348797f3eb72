/**
 * The rules of the registry, as a deterministic state machine: {@link
 * dev.metakey.server.domain.Registry#decide} maps a state, a command, its caller and the time to a
 * decision. No clock, no thread, no I/O. Imports the JDK and {@code dev.metakey.model} only.
 */
@NullMarked
package dev.metakey.server.domain;

import org.jspecify.annotations.NullMarked;
