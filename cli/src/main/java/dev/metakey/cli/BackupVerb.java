package dev.metakey.cli;

import dev.metakey.client.Answer;
import java.io.IOException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "backup",
    footer = {
      "  metakey backup /var/backups/metakey",
      "",
      "The registry goes on working meanwhile. The file is a text with a checksum, replaced in one step, for its",
      "owner only: it holds the tag. 'metakey restore' puts it back, and 'metakeyd --recover-from' begins with it",
      "where the data is lost.",
    },
    exitCodeList = {
      Exit.OK,
      Exit.DEFECT,
      Exit.BAD_INPUT,
      Exit.NOT_PERMITTED,
      "7:the daemon has no sound database",
      Exit.UNREACHABLE,
    })
final class BackupVerb extends Verb {
  @Parameters(
      paramLabel = "FILE",
      description = "Where the backup goes; what is there is replaced.")
  Path file = Path.of("");

  @Override
  public Integer call() throws IOException {
    Answer<byte[]> backup = ask(client -> client.admin().backup());
    OutputFile.write(file, true, backup.value());
    terminal()
        .note("the registry at revision %d is in %s".formatted(backup.info().revision(), file));
    return 0;
  }
}
