package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationsTest {
  @ParameterizedTest
  @CsvSource({
    "500ms, PT0.5S",
    "30s, PT30S",
    "10m, PT10M",
    "24h, PT24H",
    "7d, PT168H",
    "366d, PT8784H",
    "0, PT0S",
    "0s, PT0S",
    "007s, PT7S",
  })
  void parse_whenWellFormed_isThatLong(String text, Duration expected) {
    assertThat(Durations.parse(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "10",
        "s",
        "-5s",
        "+5s",
        "1.5s",
        "5 s",
        "5S",
        "5sec",
        "1h30m",
        "1w",
        "1e3s",
        "\u0665s",
        "9999999999s",
        "1\u0000s",
      })
  void parse_whenMalformed_saysWhatIsAllowed(String text) {
    assertThatThrownBy(() -> Durations.parse(text))
        .isInstanceOf(MetakeyException.class)
        .hasMessageContaining("500ms, 30s, 10m, 24h or 7d");
  }

  @Test
  void parse_whenTooLong_saysTheLongest() {
    assertThatThrownBy(() -> Durations.parse("367d")).hasMessageContaining("366d at most");
    assertThatThrownBy(() -> Durations.parse("999999999d")).hasMessageContaining("366d at most");
  }

  @ParameterizedTest
  @CsvSource({"500, 500ms", "30000, 30s", "600000, 10m", "86400000, 1d", "0, 0d", "90000, 90s"})
  void text_isWhatParseReads(long ms, String text) {
    assertThat(Durations.text(ms)).isEqualTo(text);
    assertThat(Durations.parse(text)).hasMillis(ms);
  }
}
