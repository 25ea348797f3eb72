/**
 * What an admin wrote: {@link dev.metakey.server.config.ConfigFile} and {@link
 * dev.metakey.server.config.KeysDirectory} turn YAML into validated values; every message names
 * file and line. Imports the domain.
 */
@NullMarked
package dev.metakey.server.config;

import org.jspecify.annotations.NullMarked;
