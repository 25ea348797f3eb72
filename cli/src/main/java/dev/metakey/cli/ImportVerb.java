package dev.metakey.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "import",
    footer = {
      "  metakey import fields.yaml --dry-run",
      "  metakey import fields.yaml",
      "",
      "All of it is made, or nothing: each conflict is told with file and line. What the file does not name stays.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      "2:bad input: the file cannot be read, or is wrong",
      "4:the file contradicts what is assigned",
      Exit.NOT_PERMITTED,
      "7:it is read-only",
      Exit.UNAVAILABLE,
      "11:with --dry-run: something would change",
    })
final class ImportVerb extends FileVerb {
  @Option(names = "--dry-run", description = "Show what would change, and change nothing.")
  boolean dryRun;

  @Override
  public Integer call() {
    return apply(true, dryRun);
  }
}
