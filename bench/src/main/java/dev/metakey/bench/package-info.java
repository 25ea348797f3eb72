/**
 * The benchmarks: {@link dev.metakey.bench.Bench} measures an installation beside others, {@link
 * dev.metakey.bench.Micro} what is done inside a process. docs/benchmarks.md tells how to run them
 * and what they said. Imports everything; nothing imports it.
 */
@NullMarked
package dev.metakey.bench;

import org.jspecify.annotations.NullMarked;
