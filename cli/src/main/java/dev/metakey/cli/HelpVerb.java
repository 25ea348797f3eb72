package dev.metakey.cli;

import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.UnmatchedArgumentException;

@Command(
    name = "help",
    footer = {
      "  metakey help",
      "  metakey help register",
    },
    exitCodeList = {Exit.OK, Exit.DEFECT, Exit.BAD_INPUT})
final class HelpVerb implements Callable<Integer> {
  @ParentCommand Metakey metakey;

  @Parameters(
      paramLabel = "VERB",
      arity = "0..1",
      description = "The verb. Default: an overview of all.")
  @Nullable String verb;

  @SuppressWarnings("NullAway.Init") // picocli sets the parent
  HelpVerb() {}

  @Override
  public Integer call() {
    CommandLine root = metakey.spec.commandLine();
    CommandLine about = verb == null ? root : root.getSubcommands().get(verb);
    if (about == null) {
      throw new UnmatchedArgumentException(root, List.of(String.valueOf(verb)));
    }
    about.usage(root.getOut(), root.getColorScheme());
    root.getOut().flush();
    return 0;
  }
}
