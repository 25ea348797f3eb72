package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The page in headless Chromium. What it has to do there is in {@code src/test/page/page.mjs}. */
class PageIT {
  private static final Path SCRIPT = Path.of("src/test/page/page.mjs").toAbsolutePath();

  @RegisterExtension final Host host = new Host();

  private DaemonProcess daemon;

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  @Timeout(value = 5, unit = TimeUnit.MINUTES)
  void page_inABrowser_doesWhatItShould() throws Exception {
    Path modules = Requires.browser();
    int port = freePort();
    host.configure("metrics:", "  listen: 127.0.0.1:" + port, "  page: full");
    daemon = host.start();
    ProcessBuilder command = host.process(List.of("node", SCRIPT.toString()));
    command.environment().put("URL", "http://127.0.0.1:%d/".formatted(port));
    command.environment().put("MODULES", modules.toString());
    Process browser = command.redirectErrorStream(true).start();
    host.closeLater(() -> browser.descendants().forEach(ProcessHandle::destroyForcibly));
    host.closeLater(browser::destroyForcibly);

    StringBuilder said = new StringBuilder();
    try (BufferedReader lines = browser.inputReader(StandardCharsets.UTF_8);
        PrintStream answers =
            new PrintStream(browser.getOutputStream(), true, StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        said.append(line).append('\n');
        if (line.startsWith("> ")) {
          serve(List.of(line.substring(2).split("\t")));
          answers.println("done");
        }
      }
    }
    assertThat(browser.waitFor()).as(said.toString()).isZero();
  }

  private void serve(List<String> words) throws Exception {
    List<String> rest = words.subList(1, words.size());
    switch (words.get(0)) {
      case "cli" -> host.cli(rest.toArray(String[]::new)).ok();
      case "wait" -> {
        Process waiting =
            host.cliCommand("resolve", rest.get(0), "--wait", "1h", "--service", rest.get(1))
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        host.closeLater(waiting::destroyForcibly);
      }
      case "stop" -> assertThat(daemon.terminate()).isZero();
      case "start" -> daemon = host.start();
      default -> throw new AssertionError("the script asks for " + words);
    }
  }
}
