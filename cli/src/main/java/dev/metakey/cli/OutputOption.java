package dev.metakey.cli;

import dev.metakey.cli.print.Output;
import picocli.CommandLine.Option;

/** How to print the answer. */
final class OutputOption {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORM",
      order = 90,
      description = "How to print it: ${COMPLETION-CANDIDATES}. Default: table.")
  Output value = Output.TABLE;
}
