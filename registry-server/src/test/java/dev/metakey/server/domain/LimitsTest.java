package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.EDGE_AS_ROOT;
import static dev.metakey.server.domain.Given.ROOT;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import dev.metakey.model.FieldSpec;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Peer;
import dev.metakey.model.Reason;
import dev.metakey.model.Reservation;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits and bad input: one clear error each. */
class LimitsTest {
  /**
   * The most that a refusal may say: the headers hold it twice, in base64, and gRPC peers take 8
   * KiB of headers by default.
   */
  private static final int MOST_CHARACTERS = 2200;

  private static Reason reasonOf(Runnable call) {
    return catchThrowableOfType(MetakeyException.class, call::run).reason();
  }

  private static void assertFitsInAReply(MetakeyException refusal) {
    assertThat(refusal.text().length()).isLessThan(MOST_CHARACTERS);
    int facts = refusal.facts().values().stream().mapToInt(String::length).sum();
    assertThat(facts).isLessThan(MOST_CHARACTERS);
  }

  @Test
  void register_whenAllIdsAreTaken_refusesThe65thNamingHolders() {
    Given host = Given.packed().with(EDGE_AS_ROOT, Given.fields(40, 2)).reserved("r", 2, 50);
    for (int i = 0; i < 23; i++) {
      host.with(ROOT, FieldSpec.of("trace.f" + i, 2));
    }
    host.released(ROOT, "trace.f0");

    MetakeyException refusal =
        host.refused(Reason.NO_FREE_ID, EDGE_AS_ROOT, FieldSpec.of("more", 2));

    assertThat(refusal.facts())
        .containsEntry("name", "more")
        .containsEntry("limit", "64")
        .containsEntry("used", "64")
        .containsEntry("holders", "edge.service (uid 0): 40, session (uid 0): 23, reservations: 1");
    assertThat(refusal).hasMessageContaining("1 of them retired");
  }

  @Test
  void register_whenSixtyFourFieldsInOneCall_givesAll64Ids() {
    assertThat(Given.packed().register(EDGE_AS_ROOT, Given.fields(64, 8)))
        .extracting(r -> r.field().id())
        .doesNotHaveDuplicates()
        .hasSize(64);
  }

  @Test
  void register_whenNoneOr65FieldsInOneCall_isRefused() {
    assertThat(reasonOf(() -> new Register(List.of()))).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(reasonOf(() -> new Register(Given.fields(65, 2)))).isEqualTo(Reason.INVALID_REQUEST);
  }

  @ParameterizedTest
  @ValueSource(ints = {4, 8})
  void register_whenOneNameIsThereTwice_isRefused(int secondSize) {
    List<FieldSpec> twice =
        List.of(FieldSpec.of("a", 4), FieldSpec.of("b", 4), FieldSpec.of("a", secondSize));

    MetakeyException refusal =
        catchThrowableOfType(MetakeyException.class, () -> new Register(twice));

    assertThat(refusal.reason()).isEqualTo(Reason.INVALID_REQUEST);
    assertThat(refusal).hasMessageContaining("as fields 1 and 3");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 3, 16, -1, 5, 6, 7, Integer.MIN_VALUE, Integer.MAX_VALUE})
  void size_whenNot2Or4Or8_isRefused(int size) {
    assertThat(reasonOf(() -> FieldSpec.of("a", size))).isEqualTo(Reason.INVALID_SIZE);
  }

  @Test
  void name_whenItHas63Bytes_isTakenAnd64AreNot() {
    Given host = Given.host();
    assertThat(host.register(EDGE, FieldSpec.of("n".repeat(63), 2)).field().id()).isZero();

    assertThat(reasonOf(() -> FieldSpec.of("n".repeat(64), 2))).isEqualTo(Reason.INVALID_NAME);
    assertThat(reasonOf(() -> FieldSpec.of("n".repeat(62) + "\u00e9", 2)))
        .isEqualTo(Reason.INVALID_NAME);
  }

  static Stream<Arguments> badNames() {
    return Stream.of(
        arguments("", "is empty"),
        arguments("A", "part starts with 'A' at byte 0"),
        arguments("aB", "'B' at byte 1"),
        arguments("a b", "' ' at byte 1"),
        arguments("a\n", "'\\u{a}' at byte 1"),
        arguments("a\0b", "'\\u{0}' at byte 1"),
        arguments("\u00e9", "part starts with '\\u{e9}' at byte 0"),
        arguments("\ud83d\ude00", "part starts with '\\u{1f600}' at byte 0"),
        arguments("a\ud83d\ude00", "'\\u{1f600}' at byte 1"),
        arguments("1a", "part starts with '1'"),
        arguments("a.1", "part starts with '1' at byte 2"),
        arguments("_a", "part starts with '_'"),
        arguments(".a", "part is empty before byte 0"),
        arguments("a..b", "part is empty before byte 2"),
        arguments("a.", "ends with a dot"));
  }

  @ParameterizedTest
  @MethodSource("badNames")
  void name_whenNotAllowed_isRefusedSayingWhere(String name, String fault) {
    MetakeyException refusal =
        catchThrowableOfType(MetakeyException.class, () -> FieldSpec.of(name, 2));

    assertThat(refusal.reason()).isEqualTo(Reason.INVALID_NAME);
    assertThat(refusal).hasMessageContaining(fault);
  }

  @Test
  void name_whenItIsTheKernels_isRefusedByEveryCommand() {
    FieldSpec kernels = FieldSpec.of("kernel.rx_hash", 4);

    assertThat(reasonOf(() -> new Register(List.of(kernels)))).isEqualTo(Reason.INVALID_NAME);
    assertThat(reasonOf(() -> new Release("kernel.rx_hash", 0))).isEqualTo(Reason.INVALID_NAME);
    assertThat(reasonOf(() -> new Undelete("kernel.x"))).isEqualTo(Reason.INVALID_NAME);
    assertThat(reasonOf(() -> new Unreserve("kernel.x"))).isEqualTo(Reason.INVALID_NAME);
    assertThat(reasonOf(() -> new Reserve(kernels, 3, new Reservation(false, "x"))))
        .isEqualTo(Reason.INVALID_NAME);
    Given.host().with(EDGE, FieldSpec.of("kernelish", 4), FieldSpec.of("my.kernel.x", 4));
  }

  @ParameterizedTest
  @ValueSource(ints = {-1, 64, Integer.MAX_VALUE})
  void reserve_whenIdIsNotHandedOut_isRefused(int id) {
    assertThat(reasonOf(() -> new Reserve(FieldSpec.of("a", 2), id, new Reservation(false, "x"))))
        .isEqualTo(Reason.INVALID_REQUEST);
  }

  @Test
  void release_whenGenerationIsNegative_isRefused() {
    assertThat(reasonOf(() -> new Release("a", -1))).isEqualTo(Reason.INVALID_REQUEST);
  }

  @Test
  void ttl_whenOutOfRange_isRefused() {
    FieldSpec spec = FieldSpec.of("a", 2);

    for (Duration ttl :
        List.of(
            Duration.ofMillis(999),
            Duration.ofMillis(-1),
            Duration.ofNanos(1),
            Duration.ofDays(366).plusMillis(1),
            Duration.ofSeconds(Long.MAX_VALUE))) {
      assertThat(reasonOf(() -> spec.expiringAfter(ttl)))
          .as("%s", ttl)
          .isEqualTo(Reason.INVALID_ATTRIBUTE);
    }
    assertThat(spec.expiringAfter(Duration.ofSeconds(1)).ttlMs()).isEqualTo(1_000);
    assertThat(spec.expiringAfter(Duration.ofDays(366)).ttlMs()).isEqualTo(31_622_400_000L);
    assertThat(spec.expiringAfter(Duration.ZERO).ttlMs()).isZero();
  }

  @Test
  void refusal_whenManyOwnersHaveLongNames_fitsInAReply() {
    FieldSpec shared = FieldSpec.of("flow", 4).shared();
    Given host = Given.host();
    for (int i = 0; i < Register.MAX_SHARING; i++) {
      host.with(new Peer(2000 + i, 2000, 1, i + "-" + "x".repeat(125)), shared);
    }

    assertFitsInAReply(host.refused(Reason.QUOTA_EXCEEDED, TRACER, shared));
    assertFitsInAReply(host.refused(Reason.OWNED_BY_OTHER, TRACER, FieldSpec.of("flow", 4)));
    assertFitsInAReply(host.refused(Reason.MISMATCH, TRACER, FieldSpec.of("flow", 8)));
    assertFitsInAReply(host.refused(Reason.NOT_PERMITTED, TRACER, new Release("flow", 0)));
    assertFitsInAReply(
        host.refused(
            Reason.ID_TAKEN,
            ROOT,
            new Reserve(FieldSpec.of("a", 2), 0, new Reservation(false, "x"))));
  }

  @Test
  void unknown_whenManyLongNamesAreMissing_fitsInAReply() {
    Given host = Given.packed();
    List<String> missing = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      String name = "n".repeat(57) + ".k" + (1000 + i);
      host.with(EDGE_AS_ROOT, FieldSpec.of(name, 2));
      missing.add(name.replace('k', 'j'));
    }

    MetakeyException refusal = Refusals.unknown(host.snapshot(), missing);

    assertFitsInAReply(refusal);
    assertThat(refusal).hasMessageContaining("and 59 more");
    assertThat(Refusals.unknown(host.snapshot(), Collections.nCopies(1, "a")).facts())
        .containsEntry("missing", "a");
  }

  @Test
  void within_whenThereAreFewDescriptors_leavesSomeToTheDaemonItself() {
    Limits all = Limits.DEFAULTS;
    assertThat(all.within(Long.MAX_VALUE)).isSameAs(all);
    assertThat(all.within(1024 + 256)).isSameAs(all);
    assertThat(all.within(1024).connections())
        .isEqualTo(new Limits.Bound("connections", 192, 768, 48));
    assertThat(all.within(1024).calls()).isEqualTo(all.calls());
    assertThat(all.within(100).connections()).isEqualTo(new Limits.Bound("connections", 4, 16, 1));
  }
}
