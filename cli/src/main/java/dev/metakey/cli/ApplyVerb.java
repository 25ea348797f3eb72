package dev.metakey.cli;

import picocli.CommandLine.Command;

@Command(
    name = "apply",
    footer = {
      "  metakey apply fields.yaml",
      "",
      "The file has the form of those in keys.d. All of it is made, or nothing: each conflict is told with file and",
      "line. Reservations that the file does not name stay.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      "2:bad input: the file cannot be read, or is wrong",
      "4:the file contradicts what is assigned",
      Exit.NOT_PERMITTED,
      "7:it is read-only",
      Exit.UNAVAILABLE,
    })
final class ApplyVerb extends FileVerb {
  @Override
  public Integer call() {
    return apply(false, false);
  }
}
