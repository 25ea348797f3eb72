package dev.metakey.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.cli.print.Finding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What {@code metakeyd --check} says of the config and the reservations. */
final class ConfigExam {
  private static final String WHAT = "config";

  private ConfigExam() {}

  /** The daemon of this installation checks, as it would at its start. */
  static Finding look(@Nullable Path config) {
    Path libexec = Path.of(System.getProperty("metakey.libexec", "libexec"));
    return look(libexec.resolveSibling("bin").resolve("metakeyd"), config);
  }

  static Finding look(Path metakeyd, @Nullable Path config) {
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
      String said = new String(check.getInputStream().readAllBytes(), UTF_8);
      return finding(said, check.waitFor());
    } catch (IOException e) {
      return Finding.warn(WHAT, "not checked: " + e.getMessage(), "run 'metakeyd --check'");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Finding.warn(WHAT, "not checked: interrupted", "");
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
