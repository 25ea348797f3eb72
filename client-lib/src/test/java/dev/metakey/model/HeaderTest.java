package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class HeaderTest {
  @Test
  void with_whenSizeIsTwo_setsLowOnly() {
    assertThat(Header.EMPTY.with(3, 2)).isEqualTo(new Header(0, 0b1000));
  }

  @Test
  void with_whenSizeIsFour_setsHighOnly() {
    assertThat(Header.EMPTY.with(3, 4)).isEqualTo(new Header(0b1000, 0));
  }

  @Test
  void with_whenSizeIsEight_setsBoth() {
    assertThat(Header.EMPTY.with(63, 8)).isEqualTo(new Header(Long.MIN_VALUE, Long.MIN_VALUE));
  }

  @Test
  void with_whenSizeChanges_forgetsTheOld() {
    for (int before : new int[] {2, 4, 8}) {
      for (int after : new int[] {2, 4, 8}) {
        assertThat(Header.EMPTY.with(5, before).with(5, after))
            .isEqualTo(Header.EMPTY.with(5, after));
      }
    }
  }

  @Test
  void sizeOf_whenMixed_givesEachItsOwn() {
    Header header = Header.EMPTY.with(0, 2).with(1, 4).with(63, 8);
    assertThat(header.sizeOf(0)).isEqualTo(2);
    assertThat(header.sizeOf(1)).isEqualTo(4);
    assertThat(header.sizeOf(2)).isZero();
    assertThat(header.sizeOf(63)).isEqualTo(8);
    assertThat(header.valueBytes()).isEqualTo(14);
  }

  @Test
  void valueBytes_whenFull_is512() {
    assertThat(new Header(-1, -1).valueBytes()).isEqualTo(512);
    assertThat(Header.EMPTY.valueBytes()).isZero();
  }
}
