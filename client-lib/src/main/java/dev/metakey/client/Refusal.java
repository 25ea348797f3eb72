package dev.metakey.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.grpc.netty.shaded.io.netty.buffer.ByteBuf;

/**
 * Finds in what a daemon says first why it lets nobody in: the text of a GOAWAY frame of HTTP/2
 * (RFC 9113, section 6.8). gRPC does nothing but log it.
 */
final class Refusal {
  private static final int HEAD_BYTES = 9; // length:24 type:8 flags:8 stream:32
  private static final int TYPE = 3;
  private static final int GOAWAY = 7;
  private static final int BEFORE_TEXT_BYTES = 8; // last stream:32 error:32
  private static final int ENHANCE_YOUR_CALM = 0xb;

  private Refusal() {}

  /** The text; empty if there is none. */
  static String in(ByteBuf said) {
    int end = said.writerIndex();
    int at = said.readerIndex();
    while (at + HEAD_BYTES <= end) {
      int bytes = said.getUnsignedMedium(at);
      int body = at + HEAD_BYTES;
      boolean isWhole = bytes >= BEFORE_TEXT_BYTES && body + bytes <= end;
      if (isWhole
          && said.getByte(at + TYPE) == GOAWAY
          && said.getInt(body + Integer.BYTES) == ENHANCE_YOUR_CALM) {
        return said.toString(body + BEFORE_TEXT_BYTES, bytes - BEFORE_TEXT_BYTES, UTF_8);
      }
      at = body + bytes;
    }
    return "";
  }
}
