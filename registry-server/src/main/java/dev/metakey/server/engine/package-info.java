/**
 * The one writer: {@link dev.metakey.server.engine.Engine} takes commands from a queue, has the
 * domain decide them, makes the changes durable, and only then shows and tells them. Imports domain
 * and storage.
 */
@NullMarked
package dev.metakey.server.engine;

import org.jspecify.annotations.NullMarked;
