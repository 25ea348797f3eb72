package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.client.Applied;
import dev.metakey.model.Reason;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** A verb that has the daemon make what a file says, or say what that would be. */
abstract class FileVerb extends Verb {
  @Parameters(paramLabel = "FILE", description = "A file of YAML.")
  Path file = Path.of("");

  @Mixin OutputOption output = new OutputOption();

  /** Sends the file, and tells what came of it. */
  int apply(boolean withFields, boolean dryRun) {
    byte[] text = InputFile.read(file);
    String path = file.toAbsolutePath().normalize().toString();
    Answer<Applied> answer = ask(client -> client.admin().apply(path, text, withFields, dryRun));
    Applied applied = answer.value();
    if (!applied.conflicts().isEmpty()) {
      applied.conflicts().forEach(conflict -> terminal().fail(conflict, null));
      terminal().note("nothing was changed");
      return Reason.ID_TAKEN.exitCode();
    }
    printer(output).planned(new Answer<>(answer.info(), answer.stale(), applied.changes()));
    if (applied.changes().isEmpty()) {
      terminal().note("there is nothing to change");
      return 0;
    }
    if (dryRun) {
      terminal().note("nothing was changed");
    }
    return dryRun ? Exit.WOULD_CHANGE : 0;
  }
}
