/**
 * The page that shows the registry in a browser: {@link dev.metakey.server.page.RegistryPage} gives
 * its files, and the data that they show as JSON. Read only, and loaded only where the config asks
 * for a page; imports the engine, the domain, value types and the HTTP answers.
 */
@NullMarked
package dev.metakey.server.page;

import org.jspecify.annotations.NullMarked;
