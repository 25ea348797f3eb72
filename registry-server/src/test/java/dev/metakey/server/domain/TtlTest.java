package dev.metakey.server.domain;

import static dev.metakey.server.domain.Given.EDGE;
import static dev.metakey.server.domain.Given.TRACER;
import static org.assertj.core.api.Assertions.assertThat;

import dev.metakey.model.ChangeKind;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Outcome;
import dev.metakey.model.Reason;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Fields that must be registered again and again. */
class TtlTest {
  private static final Duration TTL = Duration.ofMinutes(1);
  private static final FieldSpec TEMPORARY = FieldSpec.of("tmp", 4).expiringAfter(TTL);

  private final Given host = Given.host().with(EDGE, TEMPORARY, FieldSpec.of("lasting", 4));

  private FieldState state() {
    return host.field("tmp").state();
  }

  @Test
  void ttl_whenNotRenewed_retiresTheField() {
    host.after(TTL.minusMillis(1));
    assertThat(state()).isEqualTo(FieldState.ACTIVE);

    host.after(Duration.ofMillis(1));
    assertThat(state()).isEqualTo(FieldState.RETIRED);
    assertThat(host.lastKinds()).containsExactly(ChangeKind.EXPIRED);
    assertThat(host.field("tmp").expiresAtMs()).isZero();
    assertThat(host.field("lasting").state()).isEqualTo(FieldState.ACTIVE);
    host.refused(Reason.OWNED_BY_OTHER, TRACER, TEMPORARY);
  }

  @Test
  void ttl_whenRegisteredAgain_isRenewedWithoutAChange() {
    host.after(TTL.minusMillis(1));

    long expiresAtMs = host.register(EDGE, TEMPORARY).field().expiresAtMs();

    assertThat(expiresAtMs).isEqualTo(host.now().atMs() + TTL.toMillis());
    assertThat(host.field("tmp").expiresAtMs()).isEqualTo(expiresAtMs);
    assertThat(host.lastChanges()).isEmpty();
    host.after(TTL.minusMillis(1));
    assertThat(state()).isEqualTo(FieldState.ACTIVE);
  }

  @Test
  void ttl_whenAnotherIsAskedFor_staysAsRegistered() {
    var again = host.register(EDGE, TEMPORARY.expiringAfter(Duration.ofDays(9)));

    assertThat(again.field().expiresAtMs()).isEqualTo(host.now().atMs() + TTL.toMillis());
    assertThat(again.differences()).extracting(d -> d.attribute()).containsExactly("ttl");
  }

  @Test
  void ttl_whenExpiredFieldIsRegisteredAgain_bringsItBackWithItsTtl() {
    host.after(TTL);

    var back = host.register(EDGE, TEMPORARY);

    assertThat(back.outcome()).isEqualTo(Outcome.EXISTING);
    assertThat(back.field().id()).isZero();
    assertThat(back.field().expiresAtMs()).isEqualTo(host.now().atMs() + TTL.toMillis());
    assertThat(host.lastKinds()).containsExactly(ChangeKind.RESTORED);
  }

  @Test
  void ttl_whenQuarantineIsOverToo_freesTheId() {
    host.after(TTL).afterQuarantine();

    assertThat(host.snapshot().byName("tmp")).isNull();
  }

  @Test
  void ttl_whenDaemonOrHostRestarts_isGrantedInFullWithoutAChange() {
    host.after(TTL.minusMillis(1)).restart();
    assertThat(host.lastChanges()).isEmpty();
    assertThat(host.field("tmp").expiresAtMs()).isEqualTo(host.now().atMs() + TTL.toMillis());

    host.after(TTL.minusMillis(1)).reboot();
    assertThat(host.field("tmp").expiresAtMs()).isEqualTo(host.now().atMs() + TTL.toMillis());
    assertThat(state()).isEqualTo(FieldState.ACTIVE);
  }

  @Test
  void ttl_whenShared_isRenewedByAnyOwner() {
    FieldSpec shared = FieldSpec.of("both", 4).expiringAfter(TTL).shared();
    host.with(EDGE, shared).after(Duration.ofSeconds(30)).with(TRACER, shared);
    assertThat(host.field("both").expiresAtMs()).isEqualTo(host.now().atMs() + TTL.toMillis());

    host.after(Duration.ofSeconds(59)).with(EDGE, shared).after(Duration.ofSeconds(59));
    assertThat(host.field("both").state()).isEqualTo(FieldState.ACTIVE);
  }

  @Test
  void ttl_whenClockGoesBack_runsOutAfterTheSameTime() {
    host.back(Duration.ofDays(1)).after(TTL.minusMillis(1));
    assertThat(state()).isEqualTo(FieldState.ACTIVE);

    host.after(Duration.ofMillis(1));
    assertThat(state()).isEqualTo(FieldState.RETIRED);
  }

  @Test
  void ttl_whenRenewedAfterTheClockWentBack_isShownByThatClock() {
    host.back(Duration.ofDays(1)).with(EDGE, TEMPORARY);

    assertThat(host.field("tmp").expiresAtMs()).isEqualTo(host.now().atMs() + TTL.toMillis());
  }
}
