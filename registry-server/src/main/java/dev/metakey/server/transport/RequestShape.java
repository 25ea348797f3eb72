package dev.metakey.server.transport;

import com.google.protobuf.CodedInputStream;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import dev.metakey.server.domain.Limits;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/**
 * What a request has to look like before anything is made of it: a few bytes can unfold to an
 * object for each value in them.
 */
final class RequestShape {
  private RequestShape() {}

  /**
   * The same message, once it is known to be of a sane shape.
   *
   * @param message an {@link InputStream}: every service was told to hand over bytes
   * @param method for messages
   * @throws MetakeyException INVALID_REQUEST
   */
  @SuppressWarnings("unchecked")
  static <Q> Q checked(Q message, String method) {
    try {
      InputStream stream = (InputStream) message;
      byte[] bytes =
          stream instanceof KnownLength
              ? stream.readNBytes(stream.available())
              : stream.readAllBytes();
      int values = values(CodedInputStream.newInstance(bytes));
      if (values > Limits.MESSAGE_VALUES) {
        throw new MetakeyException(
            Reason.INVALID_REQUEST,
            "%d values in one request; no call takes more than 64 fields or names"
                .formatted(values));
      }
      return (Q) Encoded.stream(bytes);
    } catch (IOException e) {
      throw notAMessage(method, e);
    }
  }

  private static int values(CodedInputStream in) throws IOException {
    int values = 0;
    for (int tag = in.readTag(); tag != 0 && in.skipField(tag); tag = in.readTag()) {
      values++;
    }
    return values;
  }

  static MetakeyException notAMessage(String method, Exception e) {
    return new MetakeyException(
        Reason.INVALID_REQUEST,
        "the bytes of the request are not the message that %s takes".formatted(method),
        Map.of(),
        e);
  }

  /** How many bytes a message has that the guard sees as bytes. */
  static long lengthOf(Object message) {
    try {
      return ((InputStream) message).available();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
