package dev.metakey.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;

@Command(
    name = "generate-completion",
    footer = "  metakey generate-completion",
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT})
final class CompletionVerb extends Verb {
  @Override
  public Integer call() {
    // zsh understands it too, by its bashcompinit.
    terminal().line(AutoComplete.bash("metakey", metakey.spec.commandLine()));
    return 0;
  }
}
