package dev.metakey.cli;

import dev.metakey.client.Answer;
import dev.metakey.files.AtomicFile;
import dev.metakey.files.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
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
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");

  @Parameters(
      paramLabel = "FILE",
      description = "Where the backup goes; what is there is replaced.")
  Path file = Path.of("");

  @Override
  public Integer call() throws IOException {
    Answer<byte[]> backup = ask(client -> client.admin().backup());
    ByteBuffer bytes = ByteBuffer.wrap(backup.value());
    try {
      AtomicFile.write(
          file,
          OWNER_ONLY,
          channel -> {
            while (bytes.hasRemaining()) {
              channel.write(bytes);
            }
          });
    } catch (IOException e) {
      throw new IOException("%s cannot be written: %s".formatted(file, Failure.reason(e)), e);
    }
    terminal()
        .note("the registry at revision %d is in %s".formatted(backup.info().revision(), file));
    return 0;
  }
}
