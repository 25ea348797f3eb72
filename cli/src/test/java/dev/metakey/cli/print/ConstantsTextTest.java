package dev.metakey.cli.print;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.cli.print.ConstantsText.Language;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Layout;
import dev.metakey.model.RegistryInfo;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ConstantsTextTest {
  private static final RegistryInfo INFO =
      new RegistryInfo(new UUID(1, 2), 41, Layout.SLOTTED, 128);

  private static Field field(int id, String name) {
    return new Field.Builder(id, FieldSpec.of(name, 2), FieldState.ACTIVE)
        .slot(18 + 2 * id)
        .build();
  }

  private static String text(Language language, RegistryInfo info, Field... fields) {
    return new ConstantsText(language, null).of(info, List.of(fields), "metakey gen it");
  }

  @ParameterizedTest
  @EnumSource(Language.class)
  void text_whenFieldsComeInAnotherOrder_isTheSame(Language language) {
    Field a = field(0, "edge.a");
    Field b = field(1, "edge.b");

    assertThat(text(language, INFO, a, b)).isEqualTo(text(language, INFO, b, a, b));
  }

  @ParameterizedTest
  @EnumSource(value = Language.class, mode = EnumSource.Mode.EXCLUDE, names = "RT_TABLES")
  void names_whenTheyGiveOneIdentifier_areRefused(Language language) {
    assertThatThrownBy(() -> text(language, INFO, field(0, "edge.a.b"), field(1, "edge.a_b")))
        .hasMessageContaining("edge.a.b and edge.a_b would both be EDGE_A_B");
  }

  @Test
  void names_whenTheyAreTextOnly_mayGiveOneIdentifier() {
    assertThat(text(Language.RT_TABLES, INFO, field(0, "edge.a.b"), field(1, "edge.a_b")))
        .endsWith("\n0\tedge.a.b\n1\tedge.a_b\n");
  }

  @Test
  void comment_whenACommandHasABackslash_isNoUnicodeEscapeOfJava() {
    String text =
        new ConstantsText(Language.JAVA, null)
            .of(INFO, List.of(field(0, "a")), "metakey gen java --owner x\\u000ay.service");

    assertThat(text).contains("x\\\\u000ay.service'. DO NOT EDIT.");
  }

  @Test
  void differences_whenOnlyTheRevisionDiffers_areNone() {
    String then = text(Language.C, INFO, field(0, "a"));

    assertThat(
            ConstantsText.differences(then, text(Language.C, INFO.withRevision(42), field(0, "a"))))
        .isEmpty();
    assertThat(ConstantsText.differences(then.replace("\n", "\r\n"), then)).isEmpty();
  }

  @Test
  void differences_whenAnIdDiffers_areThatLineAsItWasAndIs() {
    String then = text(Language.ENV, INFO, field(0, "a"), field(1, "b"));
    String now = then.replace("METAKEY_ID_B=1", "METAKEY_ID_B=2");

    assertThat(ConstantsText.differences(then, now))
        .containsExactly("-METAKEY_ID_B=1", "+METAKEY_ID_B=2");
  }

  @Test
  void differences_whenOnlyTheOrderDiffers_areSaidInWords() {
    String then = "METAKEY_ID_A=1\nMETAKEY_ID_B=2\n";
    String now = "METAKEY_ID_B=2\nMETAKEY_ID_A=1\n";

    assertThat(ConstantsText.differences(then, now))
        .containsExactly("-the same lines, in another order or another number");
  }

  @Test
  void text_whenAFieldHasNoSlot_hasNoConstantForIt() {
    RegistryInfo packed = new RegistryInfo(INFO.registryId(), 41, Layout.PACKED, 128);
    Field field = new Field.Builder(0, FieldSpec.of("a", 2), FieldState.ACTIVE).build();

    assertThat(text(Language.C, packed, field))
        .contains("METAKEY_ID_A 0", "METAKEY_SIZE_A 2", "layout packed")
        .doesNotContain("SLOT");
  }
}
