package dev.metakey.wire;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Reason;
import io.grpc.InternalStatus;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.internal.TransportFrameUtil;
import io.grpc.protobuf.StatusProto;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

final class WireErrorsTest {
  /** The table in the design, row by row. */
  @ParameterizedTest
  @CsvSource({
    "INVALID_NAME, INVALID_ARGUMENT",
    "INVALID_SIZE, INVALID_ARGUMENT",
    "INVALID_ATTRIBUTE, INVALID_ARGUMENT",
    "INVALID_REQUEST, INVALID_ARGUMENT",
    "NOT_FOUND, NOT_FOUND",
    "MISMATCH, ALREADY_EXISTS",
    "OWNED_BY_OTHER, ALREADY_EXISTS",
    "ID_TAKEN, ALREADY_EXISTS",
    "NOT_PERMITTED, PERMISSION_DENIED",
    "QUOTA_EXCEEDED, RESOURCE_EXHAUSTED",
    "NO_FREE_ID, RESOURCE_EXHAUSTED",
    "NO_FREE_SLOT, RESOURCE_EXHAUSTED",
    "TOO_MANY_WAITERS, RESOURCE_EXHAUSTED",
    "IN_USE, FAILED_PRECONDITION",
    "WRONG_GENERATION, FAILED_PRECONDITION",
    "READ_ONLY, FAILED_PRECONDITION",
    "STORE_FAILED, UNAVAILABLE",
    "UNAVAILABLE, UNAVAILABLE",
    "FLEET_AWAY, UNAVAILABLE",
    "DEADLINE_EXCEEDED, DEADLINE_EXCEEDED",
    "INTERNAL, INTERNAL",
  })
  void codeOf_always_isThatOfTheTable(Reason reason, Status.Code code) {
    assertThat(WireErrors.codeOf(reason)).isEqualTo(code);
  }

  @ParameterizedTest
  @EnumSource(Reason.class)
  void fromStatus_whenRefused_givesReasonFactsMessageAndCause(Reason reason) {
    MetakeyException refusal =
        new MetakeyException(reason, "no: ä", Map.of("limit", "64", "used", "64"));
    StatusRuntimeException wire = WireErrors.toStatus(refusal);
    assertThat(wire.getStatus().getCode()).isEqualTo(WireErrors.codeOf(reason));
    assertThat(WireErrors.isRefusal(wire)).isTrue();
    MetakeyException back = WireErrors.fromStatus(wire);
    assertThat(back.reason()).isEqualTo(reason);
    assertThat(back.facts()).isEqualTo(refusal.facts());
    assertThat(back).hasMessage("no: ä").hasCause(wire);
  }

  @ParameterizedTest
  @EnumSource(
      value = Status.Code.class,
      mode = EnumSource.Mode.EXCLUDE,
      names = {"OK"})
  void fromStatus_whenSomethingElseSpoke_givesTheReasonThatFits(Status.Code code) {
    StatusRuntimeException wire = code.toStatus().withDescription("text").asRuntimeException();
    assertThat(WireErrors.isRefusal(wire)).isFalse();
    MetakeyException back = WireErrors.fromStatus(wire);
    assertThat(back).hasMessageContaining("text");
    assertThat(back.reason()).isNotNull();
  }

  /** Nobody refused it but gRPC, which has no reasons: it is no quota of anybody. */
  @Test
  void fromStatus_whenAMessageIsTooLong_isAnInvalidRequest() {
    Status tooLong = Status.RESOURCE_EXHAUSTED.withDescription("exceeds 32768: 40000");
    MetakeyException back = WireErrors.fromStatus(tooLong.asRuntimeException());
    assertThat(back.reason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(back).hasMessageContaining("exceeds 32768: 40000").hasMessageContaining("less");
  }

  /** Clients drop trailers of more than 8 KiB, and what was refused then has no reason at all. */
  @ParameterizedTest
  @ValueSource(strings = {"x", "%", "€", "\n", "😀"})
  void toStatus_whenThereIsMoreThanTrailersMayHave_isCutAndKeepsItsReason(String filling) {
    Map<String, String> facts =
        Map.of("name", filling.repeat(30_000), "rule", filling.repeat(9_000), "limit", "64");
    StatusRuntimeException wire =
        WireErrors.toStatus(
            new MetakeyException(Reason.MISMATCH, "no: " + filling.repeat(20_000), facts));
    assertThat(bytesOfTrailers(wire)).isLessThan(8_000);
    MetakeyException back = WireErrors.fromStatus(wire);
    assertThat(back.reason()).isEqualTo(Reason.MISMATCH);
    assertThat(back.text()).startsWith("no: " + filling).endsWith("...");
    assertThat(back.facts()).containsEntry("limit", "64").containsKeys("name", "rule");
  }

  private static int bytesOfTrailers(StatusRuntimeException wire) {
    Metadata trailers = new Metadata();
    trailers.merge(requireNonNull(wire.getTrailers()));
    trailers.put(InternalStatus.CODE_KEY, wire.getStatus());
    trailers.put(InternalStatus.MESSAGE_KEY, requireNonNull(wire.getStatus().getDescription()));
    int bytes = 0;
    for (byte[] part : TransportFrameUtil.toHttp2Headers(trailers)) {
      bytes += part.length + 16; // HTTP/2 counts 32 for each header (RFC 9113, section 6.5.2)
    }
    return bytes;
  }

  @ParameterizedTest
  @EnumSource(
      value = Status.Code.class,
      names = {"UNAVAILABLE", "CANCELLED", "UNKNOWN", "INTERNAL", "DATA_LOSS"})
  void fromStatus_whenTheConnectionBroke_isNoDefectOfTheDaemon(Status.Code code) {
    assertThat(WireErrors.isOfTheConnection(code)).isTrue();
    assertThat(WireErrors.fromStatus(code.toStatus().asRuntimeException()).reason())
        .isEqualTo(Reason.UNAVAILABLE);
  }

  @ParameterizedTest
  @CsvSource({
    "INTERNAL, INTERNAL",
    "INVALID_ARGUMENT, INVALID_REQUEST",
    "NOT_FOUND, NOT_FOUND",
    "ALREADY_EXISTS, MISMATCH",
    "PERMISSION_DENIED, NOT_PERMITTED",
    "RESOURCE_EXHAUSTED, QUOTA_EXCEEDED",
    "FAILED_PRECONDITION, IN_USE",
    "UNAVAILABLE, UNAVAILABLE",
    "DEADLINE_EXCEEDED, DEADLINE_EXCEEDED",
  })
  void fromStatus_whenTheReasonIsOfANewerDaemon_saysWhatItsStatusSays(
      Status.Code code, Reason reason) {
    StatusRuntimeException wire =
        StatusProto.toStatusRuntimeException(
            com.google.rpc.Status.newBuilder()
                .setCode(code.value())
                .setMessage("text")
                .addDetails(
                    Any.pack(
                        ErrorInfo.newBuilder()
                            .setDomain(WireErrors.DOMAIN)
                            .setReason("FROM_THE_FUTURE")
                            .putMetadata("limit", "3")
                            .build()))
                .build());
    MetakeyException back = WireErrors.fromStatus(wire);
    assertThat(back.reason()).isEqualTo(reason);
    assertThat(back.facts())
        .containsOnly(Map.entry("limit", "3"), Map.entry("reason", "FROM_THE_FUTURE"));
  }

  @Test
  void fromStatus_whenTheDaemonIsGone_isUnavailable() {
    MetakeyException back = WireErrors.fromStatus(Status.UNAVAILABLE.asRuntimeException());
    assertThat(back.reason()).isEqualTo(Reason.UNAVAILABLE);
    assertThat(back).hasMessage("UNAVAILABLE");
  }
}
