package dev.metakey.server.transport;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;

/** A client of HTTP that says anything at all, and shows the whole answer. */
public final class Http {
  private Http() {}

  /** The answer to a GET that names this host. */
  public static String get(SocketAddress server, String target) throws IOException {
    return say(server, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }

  /** What comes until the server closes. */
  public static String say(SocketAddress server, String request) throws IOException {
    try (SocketChannel channel = SocketChannel.open(server)) {
      write(channel, request);
      return read(channel);
    }
  }

  static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ISO_8859_1.encode(text);
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  static String read(SocketChannel channel) throws IOException {
    return new String(Channels.newInputStream(channel).readAllBytes(), ISO_8859_1);
  }
}
