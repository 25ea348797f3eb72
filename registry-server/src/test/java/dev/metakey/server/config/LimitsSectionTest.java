package dev.metakey.server.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.server.domain.Limits;
import dev.metakey.server.domain.Limits.Bound;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitsSectionTest {
  private final List<String> faults = new ArrayList<>();

  private Limits read(String yaml) {
    Path file = Path.of("/m.yaml");
    return LimitsSection.read(YamlMap.parse(file, yaml, List.of("limits"), faults));
  }

  @Test
  void read_whenNothingIsSaid_takesTheDefaults() {
    assertThat(read("limits:\n")).isEqualTo(Limits.DEFAULTS);
    assertThat(read("")).isEqualTo(Limits.DEFAULTS);
    assertThat(faults).isEmpty();
  }

  @Test
  void read_whenLimitsAreGiven_takesThem() {
    Limits limits =
        read(
            """
            limits:
              connections: {uid: 100, all: 512}
              calls: {all: 4096}
              waits: {uid: 7}
              unread_bytes: {all: 6291456}
              calls_a_second: 50
            """);

    assertThat(faults).isEmpty();
    assertThat(limits.connections()).isEqualTo(new Bound("connections", 100, 512, 32));
    assertThat(limits.calls()).isEqualTo(new Bound("open calls", 1024, 4096, 512));
    assertThat(limits.waits()).isEqualTo(Limits.DEFAULTS.waits().withPerUid(7));
    assertThat(limits.unreadBytes().perUid()).isEqualTo(3 << 20);
    assertThat(limits.watches()).isEqualTo(Limits.DEFAULTS.watches());
    assertThat(limits.callsPerSecond()).isEqualTo(50);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "connections: {all: 15} | 2: all: 15 is out of range; allowed: 16 to 4096",
        "connections: {uid: 1000} | 2: uid: 1000 is out of range; allowed: 1 to 960",
        "waits: {uid: 0} | 2: uid: 0 is out of range; allowed: 1 to 3584",
        "calls_a_second: 1 | 2: calls_a_second: 1 is out of range; allowed: 10 to 1000000",
        "watches: many | 2: 'key: value' lines are expected here",
        "queue: 3 | 2: unknown key 'queue'",
        "calls: {per: 3} | 2: unknown key 'per'; allowed: [uid, all]",
      })
  void read_whenSomethingIsWrong_saysWhatIsAllowed(String line, String fault) {
    read("limits:\n  " + line + "\n");

    assertThat(faults).hasSize(1);
    assertThat(faults.get(0)).startsWith("/m.yaml:" + fault);
  }
}
