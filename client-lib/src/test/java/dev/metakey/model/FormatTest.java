package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FormatTest {
  @ParameterizedTest
  @CsvSource({
    "DEC,  0x0,                2, 0",
    "DEC,  0xffff,             2, 65535",
    "DEC,  0xffffffff,         4, 4294967295",
    "DEC,  0xffffffffffffffff, 8, 18446744073709551615",
    "DEC,  0x123456789,        4, 591751049",
    "DEC,  0x12345,            2, 9029",
    "HEX,  0xa,                2, 0x000a",
    "HEX,  0xa,                4, 0x0000000a",
    "HEX,  0xa,                8, 0x000000000000000a",
    "HEX,  0xfedcba9876543210, 8, 0xfedcba9876543210",
    "HEX,  0xfedcba9876543210, 4, 0x76543210",
    "IPV4, 0x0a0000fe,         4, 10.0.0.254",
    "IPV4, 0xffffffff,         4, 255.255.255.255",
    "IPV4, 0x1234,             2, 0.0.18.52",
    "MAC,  0x0000010203aabbff, 8, 01:02:03:aa:bb:ff",
    "MAC,  0xeeee000000000000, 8, 00:00:00:00:00:00",
    "NS,   0x4d2,              8, 1234 ns",
    "NS,   0xffffffffffffffff, 8, 18446744073709551615 ns",
    "BOOL, 0x0,                2, false",
    "BOOL, 0x10000,            2, false",
    "BOOL, 0x8000000000000000, 8, true",
  })
  void text_always_isAsTheFormatSays(Format format, String value, int size, String text) {
    assertThat(format.text(Long.parseUnsignedLong(value.substring(2), 16), size)).isEqualTo(text);
  }
}
