package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How to print the answer. */
final class OutputOption {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      order = 90, // after a verb's own options, and before those of all verbs
      description = "How to print it: ${COMPLETION-CANDIDATES}. Default: table.")
  @Nullable Output value;
}
