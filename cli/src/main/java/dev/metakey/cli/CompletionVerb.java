package dev.metakey.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;

@Command(
    name = "generate-completion",
    hidden = true,
    description = "Print a script that completes verbs and options, for bash and zsh.",
    footer = "  metakey generate-completion",
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT})
final class CompletionVerb extends Verb {
  @Override
  public Integer call() {
    terminal().line(AutoComplete.bash("metakey", metakey.spec.commandLine()));
    return 0;
  }
}
