package dev.metakey.server.transport;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a descriptor does on a real socket is tested by {@code IdentityIT} in deploy, which also has
 * a pid used again.
 */
class PeerDescriptorTest {
  @ParameterizedTest
  @CsvSource({
    "6.5.0, true",
    "6.18.44-fc-v782, true",
    "7.0-rc1, true",
    "6.4.9, false",
    "5.15.0-91-generic, false",
    "unknown, false",
  })
  void isSince_readsTheKernelsVersion(String version, boolean isSince) {
    assertThat(PeerDescriptor.isSince(version, 6, 5)).isEqualTo(isSince);
  }
}
