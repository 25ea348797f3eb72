package dev.metakey.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.cli.print.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What {@code metakeyd --check} says of the config and the reservations. */
final class ConfigExam {
  private static final String WHAT = "config";
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private ConfigExam() {}

  /** The daemon of this installation checks, as it would at its start. */
  static Finding look(@Nullable Path config) {
    Path libexec = Path.of(System.getProperty("metakey.libexec", "libexec"));
    return look(libexec.resolveSibling("bin").resolve("metakeyd"), config, PATIENCE);
  }

  /**
   * @param patience a check that takes longer is ended; its files may be on a disk that hangs
   */
  static Finding look(Path metakeyd, @Nullable Path config, Duration patience) {
    if (!Files.isExecutable(metakeyd)) {
      return Finding.warn(
          WHAT,
          "not checked: there is no " + metakeyd,
          "run 'metakeyd --check' where metakeyd is installed");
    }
    List<String> command = new ArrayList<>(List.of(metakeyd.toString(), "--check"));
    if (config != null) {
      command.addAll(List.of("--config", config.toString()));
    }
    try {
      Process check = new ProcessBuilder(command).redirectErrorStream(true).start();
      check.getOutputStream().close();
      CompletableFuture<String> said = CompletableFuture.supplyAsync(() -> output(check));
      if (!check.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        check.destroyForcibly();
        return Finding.warn(
            WHAT,
            "not checked: 'metakeyd --check' was not done after %d s"
                .formatted(patience.toSeconds()),
            "see whether the disk of the config and of keys.d answers");
      }
      return finding(said.join(), check.exitValue());
    } catch (IOException e) {
      return Finding.warn(WHAT, "not checked: " + e.getMessage(), "run 'metakeyd --check'");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Finding.warn(WHAT, "not checked: interrupted", "");
    }
  }

  private static String output(Process check) {
    try {
      return new String(check.getInputStream().readAllBytes(), UTF_8);
    } catch (IOException e) {
      return "its output cannot be read: " + e.getMessage();
    }
  }

  private static Finding finding(String said, int exit) {
    String text =
        said.lines()
            .map(line -> line.replaceFirst("^metakeyd: ", ""))
            .collect(Collectors.joining("; "));
    if (exit != 0) {
      return Finding.fail(WHAT, text, "mend it, and ask 'metakeyd --check' again");
    }
    return text.contains("note: ") ? Finding.warn(WHAT, text, "") : Finding.ok(WHAT, text);
  }
}
