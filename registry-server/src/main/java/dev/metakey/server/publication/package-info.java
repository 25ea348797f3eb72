/**
 * Tells what was committed to those who did not ask for it: {@link
 * dev.metakey.server.publication.WatchHub} to watchers, {@link
 * dev.metakey.server.publication.Publisher} to files. Fed by the engine; imports it.
 */
@NullMarked
package dev.metakey.server.publication;

import org.jspecify.annotations.NullMarked;
