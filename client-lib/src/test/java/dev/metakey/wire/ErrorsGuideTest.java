package dev.metakey.wire;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** docs/errors.md has each reason, as it is, and no other. */
class ErrorsGuideTest {
  private static final Pattern ENTRY = Pattern.compile("(?ms)^## (\\S+)\\n(.*?)(?=^## |\\z)");
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| (\\d+) \\| \\[`(\\w+)`]\\(#(\\w+)\\) \\| `(\\w+)` \\|");

  private static String guide;

  @BeforeAll
  static void read() throws IOException {
    guide = Files.readString(Path.of("../docs/errors.md"));
  }

  @Test
  void entries_areThoseOfTheReasons() {
    List<String> entries = ENTRY.matcher(guide).results().map(entry -> entry.group(1)).toList();

    assertThat(entries).containsExactlyInAnyOrderElementsOf(reasons());
  }

  @Test
  void entry_saysWhatIsSeenWhyAndWhatToDo() {
    for (Matcher entry = ENTRY.matcher(guide); entry.find(); ) {
      assertThat(entry.group(2))
          .as(entry.group(1))
          .containsPattern("(?m)^metakey: ")
          .contains("**Why.** ", "**What to do.** ");
    }
  }

  @Test
  void table_hasTheExitCodeAndStatusOfEachReason() {
    List<String> rows =
        ROW.matcher(guide)
            .results()
            .map(row -> String.join(" ", row.group(1), row.group(2), row.group(3), row.group(4)))
            .toList();

    assertThat(rows)
        .containsExactlyInAnyOrderElementsOf(
            Stream.of(Reason.values()).map(ErrorsGuideTest::row).toList());
  }

  private static String row(Reason reason) {
    String anchor = reason.name().toLowerCase(Locale.ROOT);
    return "%d %s %s %s".formatted(reason.exitCode(), reason, anchor, WireErrors.codeOf(reason));
  }

  private static List<String> reasons() {
    return Stream.of(Reason.values()).map(Reason::name).toList();
  }
}
