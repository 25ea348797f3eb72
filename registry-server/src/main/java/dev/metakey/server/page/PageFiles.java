package dev.metakey.server.page;

import dev.metakey.server.transport.HttpAnswer;
import dev.metakey.server.transport.HttpPage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;

/** The files of the page, which come from the jar as they are. */
final class PageFiles {
  private static final String SCRIPT = "text/javascript; charset=utf-8";

  private static final Map<String, String> TYPES =
      Map.of(
          "index.html", "text/html; charset=utf-8",
          "page.css", "text/css; charset=utf-8",
          "icon.svg", "image/svg+xml",
          "page.js", SCRIPT,
          "dom.js", SCRIPT,
          "live.js", SCRIPT,
          "ids.js", SCRIPT,
          "area.js", SCRIPT,
          "story.js", SCRIPT,
          "cards.js", SCRIPT);

  private PageFiles() {}

  /** By path; the first is at {@code /}. */
  static Map<String, HttpPage> read() {
    Map<String, HttpPage> files = new HashMap<>();
    TYPES.forEach(
        (name, type) -> {
          HttpAnswer answer = new HttpAnswer(200, type, Map.of(), bytes(name));
          files.put(name.equals("index.html") ? "/" : "/" + name, query -> answer);
        });
    return files;
  }

  private static byte[] bytes(String name) {
    try (InputStream file = PageFiles.class.getResourceAsStream(name)) {
      if (file == null) {
        throw new IllegalStateException(name + " is not in the jar");
      }
      return file.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
