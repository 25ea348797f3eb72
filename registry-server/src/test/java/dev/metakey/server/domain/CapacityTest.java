package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.EDGE_AS_ROOT;
import static dev.metakey.server.domain.Given.ROOT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.FieldSpec;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** When a registry warns that it grows full. */
class CapacityTest {
  private static List<String> texts(Given host) {
    return Stream.of(Capacity.values())
        .filter(what -> what.isShort(host.snapshot()))
        .map(what -> what.warning(host.snapshot()))
        .toList();
  }

  @Test
  void ids_whenThreeQuartersAreTaken_areRunningOut() {
    Given host = Given.packed().with(EDGE_AS_ROOT, Given.fields(46, 2)).reserved("r", 2, 63);
    assertThat(texts(host)).as("47 ids").isEmpty();

    host.with(ROOT, FieldSpec.of("trace.hop", 2)).released(ROOT, "trace.hop");
    assertThat(texts(host))
        .containsExactly(
            "48 of 64 ids are taken, 1 of them retired; the biggest holders: edge.service (uid 0): 46,"
                + " reservations: 1, session (uid 0): 1. Release what is not needed");

    host.afterQuarantine();
    assertThat(texts(host)).as("47 ids again").isEmpty();
  }

  @Test
  void slots_whenThreeQuartersOfTheirBytesAreTaken_areRunningOut() {
    Given host = Given.host().with(EDGE, Given.fields(10, 8)).with(ROOT, FieldSpec.of("t.a", 2));
    assertThat(texts(host)).as("82 of 112 bytes").isEmpty();

    host.with(ROOT, FieldSpec.of("t.b", 2));
    assertThat(texts(host))
        .containsExactly(
            "84 of 112 bytes for slots are taken; the biggest holders (bytes): edge.service (uid 1000): 80,"
                + " session (uid 0): 4. Release what is not needed, or make the area larger (now 128"
                + " bytes, at most 216) or the layout packed");
  }

  /** Its fields share the bytes of a packet, and none has any of its own. */
  @Test
  void packedLayout_whenItsFieldsAreLargerThanTheArea_isNotFull() {
    assertThat(texts(Given.packed().with(EDGE_AS_ROOT, Given.fields(40, 8)))).isEmpty();
  }

  @Test
  void both_mayRunOutAtOnce() {
    Given host = Given.slotted(216).with(EDGE_AS_ROOT, Given.fields(52, 2));
    for (int i = 0; i < 6; i++) {
      host.with(ROOT, FieldSpec.of("big.f" + i, 8));
    }

    assertThat(Capacity.values()).allMatch(what -> what.isShort(host.snapshot()));
    assertThat(Capacity.values()).extracting(Capacity::toString).containsExactly("ids", "slots");
  }
}
