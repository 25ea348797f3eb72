package dev.metakey.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(
    name = "retag",
    footer = {
      "  metakey retag",
      "  metakey retag --nothing-loaded",
      "",
      "For when somebody who can send packets may have learned the tag. Every program has",
      "to be linked again before it is loaded; so it is refused while linked programs are loaded.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      "7:linked programs are loaded, or nobody can see whether; or it is read-only",
      Exit.UNAVAILABLE,
    })
final class RetagVerb extends Verb {
  @Option(
      names = "--nothing-loaded",
      description = "Your word that no program is loaded, where metakeyd cannot see them.")
  boolean nothingLoaded;

  @Override
  public Integer call() {
    var unused = ask(client -> client.admin().retag(nothingLoaded));
    terminal().note("the tag was made anew; link every program again before it is loaded");
    return 0;
  }
}
