/**
 * How answers look: {@link dev.metakey.cli.print.Printer} writes them to a {@link
 * dev.metakey.cli.print.Terminal} as tables, JSON or names. Imports the client's and the linker's
 * answers, the value types, gson and JNA; knows no verb.
 */
@NullMarked
package dev.metakey.cli.print;

import org.jspecify.annotations.NullMarked;
