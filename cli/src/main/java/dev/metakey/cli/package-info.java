/**
 * The command line; {@link dev.metakey.cli.Main} starts it, one class for each verb, {@link
 * dev.metakey.cli.Failures} decides what a failure says and exits with. Imports the client, the
 * value types, {@code dev.metakey.cli.print} and picocli.
 */
@NullMarked
package dev.metakey.cli;

import org.jspecify.annotations.NullMarked;
