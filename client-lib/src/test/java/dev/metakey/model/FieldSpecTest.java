package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FieldSpecTest {
  private static final FieldSpec SPEC = FieldSpec.of("a.b", 4);

  @ParameterizedTest
  @ValueSource(ints = {2, 4, 8})
  void of_whenSizeIsAllowed_takesIt(int size) {
    assertThat(FieldSpec.of("a", size).size()).isEqualTo(size);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 5, 6, 7, 9, 16, -1, -8, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void of_whenSizeIsNot_refuses(int size) {
    assertRefused(() -> FieldSpec.of("a", size), Reason.INVALID_SIZE);
  }

  @Test
  void of_whenNameIsBad_refuses() {
    assertRefused(() -> FieldSpec.of("A", 4), Reason.INVALID_NAME);
  }

  @Test
  void describedAs_whenLong_allows255Bytes() {
    assertThat(SPEC.describedAs("x".repeat(255)).description()).hasSize(255);
    assertThat(SPEC.describedAs("ä".repeat(127)).description()).hasSize(127);
    assertRefused(() -> SPEC.describedAs("x".repeat(256)), Reason.INVALID_ATTRIBUTE);
    assertRefused(() -> SPEC.describedAs("ä".repeat(128)), Reason.INVALID_ATTRIBUTE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\nb", "a\u0000", "\u001b[31m", "\u0085"})
  void describedAs_whenItHasControlCharacters_refuses(String text) {
    assertRefused(() -> SPEC.describedAs(text), Reason.INVALID_ATTRIBUTE);
  }

  @Test
  void printedAs_whenFormatDoesNotFitTheSize_refuses() {
    assertThat(SPEC.printedAs(Format.IPV4).format()).isEqualTo(Format.IPV4);
    assertThat(FieldSpec.of("a", 8).printedAs(Format.MAC).format()).isEqualTo(Format.MAC);
    assertRefused(() -> SPEC.printedAs(Format.MAC), Reason.INVALID_ATTRIBUTE);
    assertRefused(() -> FieldSpec.of("a", 8).printedAs(Format.IPV4), Reason.INVALID_ATTRIBUTE);
    assertRefused(() -> FieldSpec.of("a", 2).printedAs(Format.IPV4), Reason.INVALID_ATTRIBUTE);
  }

  @Test
  void expiringAfter_whenOutOfRange_refuses() {
    assertThat(SPEC.expiringAfter(Duration.ofSeconds(1)).ttlMs()).isEqualTo(1_000);
    assertThat(SPEC.expiringAfter(Duration.ofDays(366)).ttlMs()).isEqualTo(31_622_400_000L);
    assertRefused(() -> SPEC.expiringAfter(Duration.ofMillis(999)), Reason.INVALID_ATTRIBUTE);
    assertRefused(() -> SPEC.expiringAfter(Duration.ofMillis(-1)), Reason.INVALID_ATTRIBUTE);
    assertRefused(
        () -> SPEC.expiringAfter(Duration.ofDays(366).plusMillis(1)), Reason.INVALID_ATTRIBUTE);
  }

  @Test
  void with_whenOneThingChanges_keepsTheRest() {
    FieldSpec spec =
        SPEC.describedAs("d")
            .printedAs(Format.HEX)
            .mergedBy(Merge.DISCARD)
            .shared()
            .expiringAfter(Duration.ofHours(1));
    assertThat(spec)
        .isEqualTo(
            new FieldSpec("a.b", 4, "d", Format.HEX, Merge.DISCARD, Sharing.SHARED, 3_600_000));
  }

  private static void assertRefused(ThrowingCallable call, Reason reason) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\u0007", "\n", "\u00ad", "\u200b", "\u200f", "\u202e", "\u2066", "\u2028", "\ufeff"
      })
  void description_whenItHasWhatCannotBeSeen_isRefused(String unseen) {
    FieldSpec spec = FieldSpec.of("edge.a", 4);
    assertThatThrownBy(() -> spec.describedAs("one" + unseen + "two"))
        .isInstanceOf(MetakeyException.class)
        .hasMessageContaining("zero-width or bidirectional");
  }
}
