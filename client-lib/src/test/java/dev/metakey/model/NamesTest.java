package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class NamesTest {
  @ParameterizedTest
  @ValueSource(strings = {"a", "a0", "a_", "edge.packet_id", "a.b.c.d", "kernel.rx_hash", "kernel"})
  void check_whenGood_givesItBack(String name) {
    assertThat(Names.check(name)).isEqualTo(name);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "\"\"           | the name is empty",
        "\"A\"          | a part starts with 'A' at byte 0",
        "\"edge.Id\"    | a part starts with 'I' at byte 5",
        "\"edge.iD\"    | 'D' at byte 6 is not allowed",
        "\"a b\"        | ' ' at byte 1 is not allowed",
        "\" a\"         | a part starts with ' ' at byte 0",
        "\"a \"         | ' ' at byte 1 is not allowed",
        "\"0a\"         | a part starts with '0' at byte 0",
        "\"a.0\"        | a part starts with '0' at byte 2",
        "\"_a\"         | a part starts with '_' at byte 0",
        "\".a\"         | a part is empty before byte 0",
        "\"a..b\"       | a part is empty before byte 2",
        "\"a.\"         | it ends with a dot",
        "\".\"          | a part is empty before byte 0",
        "\"a-b\"        | '-' at byte 1 is not allowed",
        "\"a/b\"        | '/' at byte 1 is not allowed",
        "\"ä\"          | a part starts with '\\u{e4}' at byte 0",
        "\"a😀\"         | '\\u{1f600}' at byte 1 is not allowed",
      })
  void check_whenBad_saysWhatAndWhere(String name, String fault) {
    assertInvalid(name, fault);
  }

  @ParameterizedTest
  @ValueSource(chars = {0, '\n', '\t', 0x7f, 0x1b})
  void check_whenItHasAControlCharacter_showsItEscaped(char c) {
    assertInvalid("a" + c + "b", "\\u{%x}".formatted((int) c));
  }

  @Test
  void check_whenLong_allows63Bytes() {
    assertThat(Names.check("x".repeat(63))).hasSize(63);
    assertInvalid("x".repeat(64), "is 64 bytes long");
    assertInvalid("ä".repeat(32), "is 64 bytes long");
  }

  @Test
  void check_whenVeryLong_quotesOnlyTheStart() {
    assertThatThrownBy(() -> Names.check("x".repeat(100_000)))
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300).contains("..."));
  }

  @Test
  void checkOwn_whenItIsTheKernels_refuses() {
    assertThatThrownBy(() -> Names.checkOwn("kernel.x"))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_NAME))
        .hasMessageContaining("belong to the kernel");
    assertThat(Names.checkOwn("kernels.x")).isEqualTo("kernels.x");
  }

  @ParameterizedTest
  @ValueSource(strings = {"edge-xdp.service", "user@1000.service", "docker:abc", "a\\x2d.service"})
  void checkService_whenGood_givesItBack(String service) {
    assertThat(Names.checkService(service)).isEqualTo(service);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "-a", "a b", "a/b", "a\nb", "ä", ".a"})
  void checkService_whenBad_refuses(String service) {
    assertThatThrownBy(() -> Names.checkService(service))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST));
  }

  @Test
  void checkService_whenLong_allows128() {
    assertThat(Names.checkService("s".repeat(128))).hasSize(128);
    assertThatThrownBy(() -> Names.checkService("s".repeat(129)))
        .isInstanceOf(MetakeyException.class);
  }

  private static void assertInvalid(String name, String fault) {
    assertThatThrownBy(() -> Names.check(name))
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_NAME))
        .hasMessageContaining(fault)
        .hasMessageContaining("1-63 bytes");
  }
}
