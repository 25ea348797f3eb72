package dev.metakey.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * Every document can be found, and every link in one leads somewhere: in the project and where it
 * is installed.
 */
class DocumentsIT {
  private static final Path PROJECT =
      Path.of(System.getProperty("metakey.sources", "..")).toAbsolutePath().normalize();
  private static final Path SHARE = Image.built().root().resolve("share");

  @Test
  void links_inTheProject_leadSomewhere() throws IOException {
    assertThat(faultsBelow(PROJECT)).isEmpty();
  }

  @Test
  void links_inTheInstallation_leadSomewhere() throws IOException {
    assertThat(faultsBelow(SHARE)).isEmpty();
  }

  @Test
  void installation_hasEveryDocumentAndExample() throws IOException {
    assertThat(namesBelow(SHARE.resolve("doc/metakey/docs")))
        .isEqualTo(namesBelow(PROJECT.resolve("docs")));
    assertThat(namesBelow(SHARE.resolve("metakey/examples")))
        .isEqualTo(namesBelow(PROJECT.resolve("deploy/examples")));
  }

  /** The list is also the navigation of the site. */
  @Test
  void document_ofAnyKind_isListedOnce() throws IOException {
    Path list = PROJECT.resolve("docs/README.md");
    List<Path> listed =
        Files.readAllLines(list).stream()
            .filter(line -> line.startsWith("- ["))
            .map(line -> line.replaceAll("^- \\[[^\\]]*]\\(([^)]*)\\).*", "$1"))
            .map(link -> list.resolveSibling(link).normalize())
            .sorted()
            .toList();
    List<Path> all = new ArrayList<>(Markdown.below(PROJECT.resolve("docs")));
    all.remove(list);
    all.addAll(Markdown.below(PROJECT.resolve("deploy/examples")));
    for (String page : List.of("ARCHITECTURE.md", "CHANGELOG.md", "DECISIONS.md")) {
      all.add(PROJECT.resolve(page));
    }
    assertThat(listed).containsExactlyInAnyOrderElementsOf(all);
  }

  private static List<String> faultsBelow(Path root) throws IOException {
    List<String> faults = new ArrayList<>();
    List<Path> documents = Markdown.below(root);
    assertThat(documents).isNotEmpty();
    for (Path document : documents) {
      faults.addAll(Markdown.faults(root, document));
    }
    return faults;
  }

  private static List<String> namesBelow(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      return files
          .map(file -> directory.relativize(file).toString())
          .filter(name -> name.endsWith(".md"))
          .sorted()
          .toList();
    }
  }
}
