package dev.metakey.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KernelVersionTest {
  @ParameterizedTest
  @CsvSource({
    "6.5.0, true",
    "6.18.44-fc-v782, true",
    "7.0-rc1, true",
    "6.4.9, false",
    "5.15.0-91-generic, false",
    "unknown, false",
  })
  void isSince_whateverTheVersion_comparesNumbers(String version, boolean isSince) {
    assertThat(new KernelVersion(version).isSince(6, 5)).isEqualTo(isSince);
  }
}
