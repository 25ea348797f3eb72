package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.model.Change;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "restore",
    footer = {
      "  metakey restore /var/backups/metakey",
      "  metakey restore /var/backups/metakey --yes",
      "",
      "Without --yes it shows what would change, and changes nothing. What was registered since the backup is",
      "retired, so that its owner can bring it back. What a loaded program is linked to stays as it is; if it is in",
      "the way, nothing is restored. The registry gets a new id, and the history goes on.",
    },
    exitCodeList = {
      "0:done, or there is nothing to change",
      Exit.DEFECT,
      "2:bad input: no backup, a damaged one, or one of another layout or area",
      Exit.NOT_PERMITTED,
      "7:loaded programs are in the way, or cannot be seen; or it is read-only",
      Exit.UNAVAILABLE,
      Exit.WOULD_CHANGE_TEXT,
    })
final class RestoreVerb extends Verb {
  @Parameters(paramLabel = "FILE", description = "A backup that 'metakey backup' made.")
  Path file = Path.of("");

  @Option(names = "--yes", description = "Restore it, and do not only show what would change.")
  boolean yes;

  @Option(
      names = "--nothing-loaded",
      description = "Your word that no program is loaded, where metakeyd cannot see them.")
  boolean nothingLoaded;

  @Mixin OutputOption output = new OutputOption();

  @Override
  public Integer call() {
    byte[] backup = InputFile.read(file);
    Answer<List<Change>> changes =
        ask(client -> client.admin().restore(backup, !yes, nothingLoaded));
    printer(output).planned(changes);
    if (changes.value().isEmpty()) {
      terminal().note("the registry is as the backup says");
      return 0;
    }
    if (!yes) {
      terminal().note("nothing was changed; --yes restores this");
      return Exit.WOULD_CHANGE;
    }
    terminal()
        .note("restored; the registry has a new id now: %s".formatted(changes.info().registryId()));
    return 0;
  }
}
