package dev.metakey.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class RespTest {
  @Test
  void take_whenRepliesFollowOneAnother_takesEach() {
    ByteBuffer in = bytes("+OK\r\n$2\r\nab\r\n$-1\r\n*2\r\n$1\r\na\r\n:7\r\n");

    assertThat(Resp.take(in)).isEqualTo("+OK");
    assertThat(Resp.take(in)).isEqualTo("$2");
    assertThat(Resp.take(in)).isEqualTo("$-1");
    assertThat(Resp.take(in)).isEqualTo("*2");
    assertThat(in.hasRemaining()).isFalse();
  }

  @Test
  void take_whenReplyIsNotWhole_takesNothing() {
    String whole = "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n";
    for (int length = 0; length < whole.length(); length++) {
      ByteBuffer in = bytes(whole.substring(0, length));

      assertThat(Resp.take(in)).isNull();
      assertThat(in.position()).isZero();
    }
  }

  @Test
  void succeeded_whenRefusedAbsentOrNothingDone_isFalse() {
    assertThat(Resp.succeeded("+OK")).isTrue();
    assertThat(Resp.succeeded(":1")).isTrue();
    assertThat(Resp.succeeded(":0")).isFalse();
    assertThat(Resp.succeeded("$-1")).isFalse();
    assertThat(Resp.succeeded("-ERR no")).isFalse();
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }
}
