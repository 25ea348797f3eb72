package dev.metakey.server.log;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class EventTest {
  private static final Pattern ROW =
      Pattern.compile("(?m)^\\| `([a-z_]+)` \\| (error|warning|info|debug) \\| \\S.* \\|$");

  @Test
  void guide_explainsEachEventWithItsLevel() throws IOException {
    Map<String, String> explained =
        ROW.matcher(Files.readString(Path.of("../docs/logs.md")))
            .results()
            .collect(toMap((MatchResult row) -> row.group(1), row -> row.group(2)));
    Map<String, String> events =
        Arrays.stream(Event.values()).collect(toMap(Event::toString, e -> e.level().toString()));
    assertThat(explained).isEqualTo(events);
  }
}
