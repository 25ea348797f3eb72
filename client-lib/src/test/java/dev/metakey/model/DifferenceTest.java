package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class DifferenceTest {
  private static final FieldSpec SPEC = FieldSpec.of("a.b", 4).describedAs("words");

  @Test
  void between_whenTheSame_isEmpty() {
    assertThat(Difference.between(SPEC, SPEC)).isEmpty();
  }

  @Test
  void between_whenEverythingDiffers_namesEachOnce() {
    FieldSpec other =
        FieldSpec.of("a.b", 8)
            .describedAs("other words")
            .printedAs(Format.HEX)
            .mergedBy(Merge.BLOCK)
            .shared()
            .expiringAfter(Duration.ofSeconds(2));
    assertThat(Difference.between(SPEC, other))
        .containsExactly(
            new Difference("size", "4", "8"),
            new Difference("merge", "unspecified", "block"),
            new Difference("format", "dec", "hex"),
            new Difference("sharing", "exclusive", "shared"),
            new Difference("description", "words", "other words"),
            new Difference("ttl", "never", "2000 ms"));
  }

  @Test
  void between_whenNoDescriptionIsAskedFor_isNoDifference() {
    assertThat(Difference.between(SPEC, FieldSpec.of("a.b", 4))).isEmpty();
    assertThat(Difference.between(FieldSpec.of("a.b", 4), SPEC))
        .containsExactly(new Difference("description", "", "words"));
  }

  @Test
  void toString_always_readsAsASentence() {
    assertThat(new Difference("size", "8", "4")).hasToString("size is 8, asked for 4");
  }
}
