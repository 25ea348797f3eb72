package dev.metakey.wire;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Refusals on the wire: {@code google.rpc.ErrorInfo} with our domain, the reason and the facts. */
public final class WireErrors {
  public static final String DOMAIN = "metakey.dev";

  /**
   * How much of a text and of its facts is told. Clients take 8 KiB of trailers, or drop them all:
   * the text is in there twice, and everything but the status's own copy a third longer.
   */
  private static final int MOST_TEXT = 1_900;

  private static final int MOST_FACTS = 2_200;

  private WireErrors() {}

  /** The status that every client sees for the reason: the one place where that is decided. */
  public static Status.Code codeOf(Reason reason) {
    return switch (reason) {
      case INVALID_NAME, INVALID_SIZE, INVALID_ATTRIBUTE, INVALID_REQUEST ->
          Status.Code.INVALID_ARGUMENT;
      case NOT_FOUND -> Status.Code.NOT_FOUND;
      case MISMATCH, OWNED_BY_OTHER, ID_TAKEN -> Status.Code.ALREADY_EXISTS;
      case NOT_PERMITTED -> Status.Code.PERMISSION_DENIED;
      case QUOTA_EXCEEDED, NO_FREE_ID, NO_FREE_SLOT, TOO_MANY_WAITERS ->
          Status.Code.RESOURCE_EXHAUSTED;
      case IN_USE, WRONG_GENERATION, READ_ONLY -> Status.Code.FAILED_PRECONDITION;
      case STORE_FAILED, UNAVAILABLE, FLEET_AWAY -> Status.Code.UNAVAILABLE;
      case DEADLINE_EXCEEDED -> Status.Code.DEADLINE_EXCEEDED;
      case INTERNAL -> Status.Code.INTERNAL;
    };
  }

  public static StatusRuntimeException toStatus(MetakeyException refusal) {
    ErrorInfo info =
        ErrorInfo.newBuilder()
            .setDomain(DOMAIN)
            .setReason(refusal.reason().name())
            .putAllMetadata(cut(refusal.facts()))
            .build();
    return StatusProto.toStatusRuntimeException(
        com.google.rpc.Status.newBuilder()
            .setCode(codeOf(refusal.reason()).value())
            .setMessage(cut(refusal.text(), MOST_TEXT))
            .addDetails(Any.pack(info))
            .build());
  }

  /** The same facts; if there is too much of them, the longest are cut. */
  private static Map<String, String> cut(Map<String, String> facts) {
    Map<String, String> fitting = new HashMap<>();
    int left = MOST_FACTS;
    List<String> shortestFirst =
        facts.keySet().stream()
            .sorted(Comparator.comparing(name -> facts.getOrDefault(name, "").length()))
            .toList();
    for (String name : shortestFirst) {
      String fact = cut(facts.getOrDefault(name, ""), left);
      fitting.put(name, fact);
      left -= fact.codePoints().map(WireErrors::bytesOf).sum();
    }
    return fitting;
  }

  private static String cut(String text, int most) {
    int bytes = 0;
    for (int at = 0; at < text.length(); at = text.offsetByCodePoints(at, 1)) {
      bytes += bytesOf(text.codePointAt(at));
      if (bytes > most) {
        return text.substring(0, at) + "...";
      }
    }
    return text;
  }

  /**
   * How many bytes of a status's text a character takes: three for each that is not plain ASCII.
   */
  private static int bytesOf(int character) {
    boolean isPlain = character >= ' ' && character <= '~' && character != '%';
    return isPlain ? 1 : 3 * Character.toString(character).getBytes(UTF_8).length;
  }

  /** What a daemon's refusal says besides its status; null if it is none. */
  public static @Nullable ErrorInfo infoOf(Status status, Metadata trailers) {
    com.google.rpc.Status rich = StatusProto.fromStatusAndTrailers(status, trailers);
    for (Any detail : rich.getDetailsList()) {
      if (detail.is(ErrorInfo.class)) {
        return unpack(detail);
      }
    }
    return null;
  }

  /** Whether the daemon itself refused: false if something between us answered. */
  public static boolean isRefusal(StatusRuntimeException error) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    return status != null
        && status.getDetailsList().stream().anyMatch(detail -> detail.is(ErrorInfo.class));
  }

  /**
   * What the daemon said; if something between us answered instead, the reason that fits its status
   * best. RESOURCE_EXHAUSTED is then gRPC's word for a message or headers that are too long. A
   * daemon reports its own defects with an ErrorInfo, so INTERNAL without one means that the
   * connection broke.
   */
  public static MetakeyException fromStatus(StatusRuntimeException error) {
    com.google.rpc.Status status = StatusProto.fromThrowable(error);
    if (status != null) {
      for (Any detail : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          return fromInfo(unpack(detail), error.getStatus().getCode(), status.getMessage(), error);
        }
      }
    }
    String said = error.getStatus().getDescription();
    Status.Code code = error.getStatus().getCode();
    String text = said != null ? said : code.toString();
    if (code == Status.Code.RESOURCE_EXHAUSTED) {
      return new MetakeyException(
          Reason.INVALID_REQUEST,
          "gRPC does not carry as much as that: %s; ask for less in one call".formatted(text),
          Map.of(),
          error);
    }
    Reason reason = isOfTheConnection(code) ? Reason.UNAVAILABLE : reasonOf(code);
    return new MetakeyException(reason, text, Map.of(), error);
  }

  /**
   * Whether a status that the daemon did not give means that there is no connection, or that it
   * broke: gRPC says INTERNAL if the other side breaks the protocol or resets a call, and UNKNOWN
   * if it closes the connection.
   */
  public static boolean isOfTheConnection(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE, CANCELLED, UNKNOWN, INTERNAL, DATA_LOSS -> true;
      default -> false;
    };
  }

  /**
   * A reason that we do not know is replaced by the one that its status suggests; its name is kept
   * among the facts.
   */
  private static MetakeyException fromInfo(
      ErrorInfo info, Status.Code code, String message, Throwable cause) {
    for (Reason known : Reason.values()) {
      if (known.name().equals(info.getReason())) {
        return new MetakeyException(known, message, info.getMetadataMap(), cause);
      }
    }
    Map<String, String> facts = new HashMap<>(info.getMetadataMap());
    facts.put("reason", info.getReason());
    return new MetakeyException(reasonOf(code), message, facts, cause);
  }

  private static ErrorInfo unpack(Any detail) {
    try {
      return detail.unpack(ErrorInfo.class);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a daemon sent a garbled ErrorInfo", e);
    }
  }

  private static Reason reasonOf(Status.Code code) {
    return switch (code) {
      case UNAVAILABLE, CANCELLED -> Reason.UNAVAILABLE;
      case DEADLINE_EXCEEDED -> Reason.DEADLINE_EXCEEDED;
      case PERMISSION_DENIED, UNAUTHENTICATED -> Reason.NOT_PERMITTED;
      case INVALID_ARGUMENT, OUT_OF_RANGE, UNIMPLEMENTED -> Reason.INVALID_REQUEST;
      case RESOURCE_EXHAUSTED -> Reason.QUOTA_EXCEEDED;
      case NOT_FOUND -> Reason.NOT_FOUND;
      case ALREADY_EXISTS -> Reason.MISMATCH;
      case FAILED_PRECONDITION, ABORTED -> Reason.IN_USE;
      case OK, UNKNOWN, INTERNAL, DATA_LOSS -> Reason.INTERNAL;
    };
  }
}
