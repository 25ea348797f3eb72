package dev.metakey.cli;

import picocli.CommandLine.Command;

@Command(
    name = "plan",
    footer = {
      "  metakey plan fields.yaml",
      "",
      "The file has the form of those in keys.d. Each conflict is told with file and line.",
    },
    exitCodeList = {
      "0:there is nothing to change",
      Exit.DEFECT,
      "2:bad input: the file cannot be read, or is wrong",
      "4:the file contradicts what is assigned",
      Exit.NOT_PERMITTED,
      "7:it is read-only",
      Exit.UNAVAILABLE,
      Exit.WOULD_CHANGE_TEXT,
    })
final class PlanVerb extends FileVerb {
  @Override
  public Integer call() {
    return apply(false, true);
  }
}
