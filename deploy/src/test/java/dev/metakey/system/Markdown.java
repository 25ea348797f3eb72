package dev.metakey.system;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The links and the anchors of a document.
 *
 * @param links where they lead, as they are written
 * @param anchors those of its headings, as forges make them
 */
record Markdown(List<String> links, Set<String> anchors) {
  private static final Pattern LINK = Pattern.compile("\\[[^\\]]*]\\(([^)\\s]+)\\)");
  private static final Pattern CODE = Pattern.compile("`[^`]*`");
  private static final Pattern HEADING = Pattern.compile("#{1,6} (.*)");

  static Markdown read(Path document) throws IOException {
    List<String> links = new ArrayList<>();
    Set<String> anchors = new HashSet<>();
    Map<String, Integer> seen = new HashMap<>();
    boolean isCode = false;
    for (String line : Files.readAllLines(document)) {
      if (line.strip().startsWith("```")) {
        isCode = !isCode;
      } else if (!isCode) {
        var heading = HEADING.matcher(line);
        if (heading.matches()) {
          String anchor = anchorOf(heading.group(1));
          int earlier = seen.merge(anchor, 1, Integer::sum) - 1;
          anchors.add(earlier == 0 ? anchor : anchor + "-" + earlier);
        }
        LINK.matcher(CODE.matcher(line).replaceAll("x"))
            .results()
            .map(m -> m.group(1))
            .forEach(links::add);
      }
    }
    return new Markdown(links, anchors);
  }

  private static String anchorOf(String heading) {
    return heading
        .strip()
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} _-]", "")
        .replace(' ', '-');
  }

  /** All documents of a directory and those below it, without what was built. */
  static List<Path> below(Path root) throws IOException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.toString().endsWith(".md"))
          .filter(file -> !root.relativize(file).toString().matches("(.*/)?(target|\\..*)/.*"))
          .sorted()
          .toList();
    }
  }

  /**
   * A line for each link of the document that leads to no file below the root, or to no anchor of
   * it.
   */
  static List<String> faults(Path root, Path document) throws IOException {
    List<String> faults = new ArrayList<>();
    for (String link : read(document).links()) {
      if (!link.contains("://") && !leadsSomewhere(root, document, link)) {
        faults.add("%s: %s".formatted(root.relativize(document), link));
      }
    }
    return faults;
  }

  private static boolean leadsSomewhere(Path root, Path document, String link) throws IOException {
    String[] parts = link.split("#", 2);
    Path target = parts[0].isEmpty() ? document : document.resolveSibling(parts[0]).normalize();
    if (!target.startsWith(root) || !Files.isRegularFile(target)) {
      return false;
    }
    return parts.length == 1 || read(target).anchors().contains(parts[1]);
  }
}
