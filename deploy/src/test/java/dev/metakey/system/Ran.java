package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** What came of a command that has ended. */
record Ran(List<String> command, int exit, String out, String err) {
  /** Runs a command to its end, or kills it and fails if it takes too long. */
  static Ran of(ProcessBuilder command, Duration patience) throws Exception {
    Path out = Files.createTempFile("metakey-out", "");
    Path err = Files.createTempFile("metakey-err", "");
    try {
      Process process = command.redirectOutput(out.toFile()).redirectError(err.toFile()).start();
      try {
        process.getOutputStream().close();
        boolean ended = process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
        assertThat(ended)
            .as("%s ended within %s; it said %s", command.command(), patience, read(err))
            .isTrue();
        return new Ran(command.command(), process.exitValue(), read(out), read(err));
      } finally {
        process.destroyForcibly().waitFor();
      }
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private static String read(Path file) throws IOException {
    return Files.readString(file);
  }

  /** Without the note that comes after three seconds, as it does on a busy machine. */
  static String unhurried(String said) {
    return said.replaceFirst("metakey: note: waiting for the metakey daemon.*\n", "");
  }

  /** Asserts that it went well. */
  Ran ok() {
    return exits(0);
  }

  Ran exits(int code) {
    assertThat(exit).as("exit code of %s", this).isEqualTo(code);
    return this;
  }

  /** Asserts that stderr has one message that contains all of this, and that stdout is empty. */
  Ran refuses(int code, String... says) {
    exits(code);
    assertThat(err).as("stderr of %s", this).contains(says).doesNotContain("Exception", "\tat ");
    assertThat(out).as("stdout of %s", this).isEmpty();
    return this;
  }
}
