package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class WordsTest {
  @Test
  void parse_whenWritten_givesItBack() {
    for (Merge merge : Merge.values()) {
      assertThat(Words.parse(Merge.class, "merge", merge.toString())).isEqualTo(merge);
    }
    assertThat(Merge.KEEP_FIRST).hasToString("keep_first");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "HEX", "hex ", "0x", "häx"})
  void parse_whenUnknown_saysWhatIsAllowed(String word) {
    assertThatThrownBy(() -> Words.parse(Format.class, "format", word))
        .isInstanceOfSatisfying(
            MetakeyException.class,
            e -> {
              assertThat(e.reason()).isEqualTo(Reason.INVALID_ATTRIBUTE);
              assertThat(e.facts()).containsEntry("allowed", "dec, hex, ipv4, mac, ns, bool");
            });
  }

  @Test
  void toString_whenTheLocaleIsTurkish_isTheSame() {
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("tr"));
    try {
      assertThat(Merge.KEEP_FIRST).hasToString("keep_first");
    } finally {
      Locale.setDefault(before);
    }
  }

  /** Files, maps and packets hold these codes. */
  @Test
  void code_always_staysWhatItWas() {
    assertThat(codes(Layout.values())).containsExactly(1, 2);
    assertThat(codes(Format.values())).containsExactly(1, 2, 3, 4, 5, 6);
    assertThat(codes(Merge.values())).containsExactly(0, 1, 2, 3, 4);
    assertThat(codes(Sharing.values())).containsExactly(1, 2);
    assertThat(codes(FieldState.values())).containsExactly(1, 2, 3, 4, 5);
    assertThat(codes(ChangeKind.values()))
        .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
    assertThat(codes(Role.values())).containsExactly(1, 2);
    assertThat(codes(Owner.Kind.values())).containsExactly(1, 2, 3);
    assertThat(List.of(Layout.values()))
        .extracting(Layout::toString)
        .containsExactly("slotted", "packed");
    assertThat(List.of(Format.values())).hasToString("[dec, hex, ipv4, mac, ns, bool]");
    assertThat(List.of(Merge.values()))
        .hasToString("[unspecified, block, keep_first, keep_last, discard]");
    assertThat(List.of(Sharing.values())).hasToString("[exclusive, shared]");
    assertThat(List.of(FieldState.values()))
        .hasToString("[active, retired, reserved, well_known, free]");
  }

  private static List<Integer> codes(Coded... all) {
    return List.of(all).stream().map(Coded::code).toList();
  }
}
