package dev.metakey.layout;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.UUID;

/**
 * Any bytes in the place of a published file: they are read as what they say, or refused. A normal
 * run takes the bytes in src/test/resources; docs/reliability.md says how to fuzz for longer.
 */
class LayoutFuzzTest {
  @FuzzTest(maxDuration = "10m")
  void table_whenFuzzed_isReadOrRefused(byte[] bytes) throws BadLayoutException {
    ByteBuffer file = ByteBuffer.allocateDirect(RegistryFile.BYTES);
    file.put(Arrays.copyOf(bytes, RegistryFile.BYTES)).flip();
    RegistryFile.Published read;
    try {
      read = RegistryFile.decode(file);
    } catch (BadLayoutException refused) {
      assertThat(refused).hasMessageNotContaining("Exception");
      return;
    }
    ByteBuffer again = RegistryFile.create(read.snapshot(), read.publishedAtMs(), read.bootId());
    assertThat(RegistryFile.decode(again).snapshot().records())
        .isEqualTo(read.snapshot().records());
  }

  @FuzzTest(maxDuration = "10m")
  void keys_whenFuzzed_areReadOrRefused(byte[] bytes) throws BadLayoutException {
    RegistryFile.Published read;
    try {
      read = KeysText.parse(new String(bytes, StandardCharsets.UTF_8));
    } catch (BadLayoutException refused) {
      assertThat(refused).hasMessageNotContaining("Exception");
      return;
    }
    UUID boot = read.bootId();
    assertThat(KeysText.parse(KeysText.text(read.snapshot(), boot)).snapshot().records())
        .isEqualTo(read.snapshot().records());
  }

  @FuzzTest(maxDuration = "10m")
  void tag_whenFuzzed_isReadOrRefused(byte[] bytes) {
    try {
      assertThat(TagStruct.parse(bytes)).isNotNull();
    } catch (BadLayoutException refused) {
      assertThat(refused).hasMessageNotContaining("Exception");
    }
  }
}
