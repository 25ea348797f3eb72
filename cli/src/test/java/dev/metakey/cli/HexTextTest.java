package dev.metakey.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.metakey.model.MetakeyException;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class HexTextTest {
  private static final String BYTES = "0a0bff00";

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0a0bff00",
        "0A0BFF00",
        "0x0a0bff00",
        "0x0a 0x0b 0xff 0x00",
        "0x0a,0x0b,0xff,0x00",
        "0a:0b:ff:00",
        " 0a0b\n\tff00 \n",
        "\t0x0000:  0a0b\n\t0x0002:  ff00\n",
        "00000000: 0a0b\r\n00000002: ff00\r\n",
      })
  void parse_whenSomeToolPrintedIt_givesTheBytes(String text) {
    assertThat(HexFormat.of().formatHex(HexText.parse(text))).isEqualTo(BYTES);
  }

  @Test
  void parse_whenEmpty_givesNone() {
    assertThat(HexText.parse(" \n")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "0a0,       1, 3, 0",
    "'0a 1 22', 1, 4, 1",
    "0g,        1, 1, 0g",
    "0a0bzz00,  1, 5, zz",
    "0x1,       1, 3, 1",
  })
  void parse_whenThereIsNoByte_saysWhere(String text, int line, int column, String what) {
    assertThatThrownBy(() -> HexText.parse(text))
        .isInstanceOf(MetakeyException.class)
        .hasMessageStartingWith(
            "line %d, character %d: '%s' is not a byte; ".formatted(line, column, what));
  }

  @Test
  void parse_whenALaterLineIsBad_saysWhichLine() {
    assertThatThrownBy(() -> HexText.parse("0a0b\n\nff x"))
        .hasMessageStartingWith("line 3, character 4: 'x' is not a byte; ");
  }
}
